"""Networks of transformers that take spectrograms instead of waveforms: wav2vec2-BERT, AST and CLAP, a file each.

May import the rest of `learner.encoders` and `db.errors`.
"""
