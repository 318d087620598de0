"""Dates on which companies published their results."""
