"""Walk-forward, search, overfitting statistics, Monte Carlo."""
