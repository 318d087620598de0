"""Generated universes, written as files in vendor formats."""
