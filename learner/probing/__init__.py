"""Which encoder and layers suit a labelled corpus (`earmark probe`).

May import `learner.corpora`, `learner.evaluation`, `learner.heads`, `learner.encoders` and `db`.
"""
