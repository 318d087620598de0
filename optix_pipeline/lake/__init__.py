"""The care of a lake as a whole: what it holds, whether it is intact, its repair from raw, its archive."""
