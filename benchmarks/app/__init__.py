"""Measurements of the app: memory, and how fast it answers one or many people."""
