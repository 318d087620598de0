"""Metrics of a return series and of trades."""
