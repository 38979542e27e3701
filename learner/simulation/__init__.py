"""Labelled corpora replayed through the live learner's own functions (`earmark simulate`).

May import `learner.corpora`, `learner.query`, `learner.evaluation`, `learner.heads`, `learner.dataset`, `learner.features` and
`db`.
"""
