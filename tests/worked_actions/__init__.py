"""Worked examples of every kind of corporate action: tests, and the page that is written from them."""
