"""Training of an encoder on unlabelled audio, by a teacher's targets.

May import the rest of `learner.encoder_training`, `learner.encoders`, `learner.audio` and `db`.
"""
