"""Interest rates: published series as observations, and the zero curve that they were known to give."""
