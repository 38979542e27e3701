"""Charts of curves, probes and simulations, for the app and for files.

May import `db`; of `learner` nothing.
"""
