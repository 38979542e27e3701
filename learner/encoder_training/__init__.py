"""Training an encoder on unlabelled speech: from nothing, or going on from a published checkpoint (TAPT, Chen & Rudnicky 2021).

speech files -> crops, partly distorted (`augment`) -> targets (`descriptors`, `teacher`) -> crop sets on disk (`crop_sets`) ->
student and losses (`student`, `objectives`) -> checkpoint (`training`).
"""
