"""Orders, fills, fees, expiry."""
