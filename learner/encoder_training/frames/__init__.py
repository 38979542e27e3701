"""A network of the wav2vec 2.0 kind in two parts: convolutions that stay frozen, whose frames are computed once (`convolutions`),
and the transformer that is trained on these (`transformer`), in portions of clips that fit in memory (`portions`).

May import `learner.encoders` and what it may.
"""
