"""Handing over: a project's labels, predictions and audio as files that other tools read. The app process imports this room.

May import `learner.audio`, `learner.dataset`, `learner.search` and `db`.
"""
