"""Withdrawing clips: the database first, then every file beside it that holds something of them.

The app process may load this room. May import `learner.features`, `learner.search` and `db`.
"""
