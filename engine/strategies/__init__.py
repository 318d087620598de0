"""Base class, selectors and the named strategies."""
