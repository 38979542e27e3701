"""How good the answers are, in plain arithmetic that the app may load: gold checks, agreement, how many answers to collect.

May import `db.decisions`, `db.records`, `db.models` and `db.errors`.
"""
