"""Clips that are similar to one, and likely clips of a label. The app process imports this room: no classifier is loaded here.

May import `learner.dataset`, `learner.features` and `db`.
"""
