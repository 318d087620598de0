"""Chain history as columnar arrays, and the replay that shows only what was known."""
