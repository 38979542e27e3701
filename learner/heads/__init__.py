"""Classifiers on frozen features: how they are fitted, normalised by speaker, trained on unlabelled clips, and stored.

May import `learner.dataset`, `db.store` and `db.errors`.
"""
