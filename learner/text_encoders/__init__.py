"""From the words of a clip to vectors: checkpoints like BERT, from the hub, from a folder or from an extra.

May import `learner.encoders` and `db.errors`.
"""
