"""Splits and cash dividends, each with the instant from which a trader could know it."""
