"""Daily bars of indices, ETFs, stocks and coins."""
