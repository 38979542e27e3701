"""Labelled corpora outside of any project, for `probe` and `simulate`: their clips, encoded once and cached.

May import `learner.features`, `learner.encoders`, `learner.text_encoders`, `learner.audio` and `db`.
"""
