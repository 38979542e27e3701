"""Vectors on disk: writing them shard by shard, reading them through memory maps, and `embed`, which makes them.

May import `learner.encoders`, `learner.audio` and `db`. The app process loads `base`, `matrix`, `precision` and
`bundled_weights` only.
"""
