"""Measurements of ranking: how soon a queue knows an answer, and how fast clips are ranked."""
