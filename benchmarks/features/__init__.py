"""Measurements of encoding clips, and of the store of their features."""
