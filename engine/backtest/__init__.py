"""Study, event loop, result."""
