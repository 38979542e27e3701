"""Encoders turn a waveform into one vector.

`bundled` (a small wav2vec 2.0 network in this package), the hand-made baselines `logmel` and `egemaps` (an optional extra under a
licence of its own), or any wav2vec-2.0-like checkpoint by hub id (`facebook/wav2vec2-base` for real work) or local folder.
Importing this package loads no torch: an encoder loads it when it first encodes.
"""
