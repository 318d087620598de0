"""Volatility surfaces of one underlying at one instant: fits without arbitrage, their checks, marks and indices."""
