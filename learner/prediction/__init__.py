"""Labels for audio that nobody has labelled, by a stored head.

May import `learner.heads`, `learner.dataset`, `learner.features`, `learner.encoders`, `learner.audio` and `db`.
"""
