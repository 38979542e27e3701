"""Checks a project, one file a subject, and says of each finding what to do.

May import `learner.audio`, `learner.encoders`, `learner.features`, `learner.heads` and `db`.
"""
