"""Clips like one, and clips that are likely of a label. The app process reads these: no classifier is imported here.

May import `learner.dataset`, `learner.features` and `db`.
"""
