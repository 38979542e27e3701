"""Audio that a browser can play, and pictures of it, made from clips and cached on disk.

May import `learner.audio` and `db`.
"""
