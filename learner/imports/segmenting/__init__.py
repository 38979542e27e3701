"""Long recordings become clips: fixed windows, or stretches of speech. A clip is a start and an end; no audio is copied.

May import `learner.audio` and `db`.
"""
