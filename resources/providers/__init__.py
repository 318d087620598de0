"""Adapters: a vendor's bytes in, canonical quotes out."""
