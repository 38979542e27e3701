"""Looking through all clips: which of them match a choice, in which order, and what is known of each.

May import `db.decisions` and what lies below. Sessions are given; predictions, which are files of the learner, are given too.
"""
