"""Prices, implied volatilities, forwards and Greeks."""
