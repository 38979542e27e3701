"""Vectors on disk: writing them shard by shard, reading them through memory maps, and `embed` and `embed_words`, which make
them.

May import `learner.text_encoders`, `learner.encoders`, `learner.audio` and `db`. The app process loads `base`, `matrix`, `words`,
`precision` and `bundled_weights` only.
"""
