"""Training an encoder on unlabelled speech: from random weights, or from a published checkpoint (TAPT, Chen & Rudnicky 2021).

speech files -> crops (`crops`), partly distorted (`augment`) -> targets (`descriptors`, `teacher`) -> crop sets on disk
(`crop_sets`) -> student and losses (`student`, `objectives`) -> checkpoint (`pretrain`). Files that are not in this room are in
`pretraining`.
"""
