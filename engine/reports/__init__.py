"""Figures and the tear sheet."""
