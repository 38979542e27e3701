"""Whisper's encoder: log-mel front end, network, and reading its weights.

May import the rest of `learner.encoders` and `db.errors`.
"""
