"""Limits and the halt."""
