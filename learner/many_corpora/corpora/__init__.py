"""Labelled manifests as corpora: which clips can be used (`reading`), and which are learned from and tested on (`parts`)."""
