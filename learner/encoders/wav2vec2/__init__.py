"""Checkpoints of the wav2vec 2.0 kind: finding, loading and running them.

May import the rest of `learner.encoders` and `db.errors`.
"""
