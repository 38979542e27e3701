"""Features that nobody trained, as baselines: log-mel statistics and eGeMAPS.

May import the rest of `learner.encoders` and `db.errors`.
"""
