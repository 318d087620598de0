"""Folders in QuantConnect Lean's data format: option bars, universe files, factor and map files."""
