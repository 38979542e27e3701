"""Training a network on one fold: what it sees, what it is, what it learns, and how a training is carried to its end.

frames of the frozen convolutions (`clip_frames`) -> batches in portions that fit in memory (`batches`, `crops`, `masks`) ->
transformer and head (`network`) -> V-FT (`supervised`), TAPT (`contrastive`) or P-TAPT (`masked_prediction`), in `phases`, each
carried through NaN, kills and full disks by `steps`.
"""
