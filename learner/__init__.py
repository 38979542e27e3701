"""From audio to a ranked queue.

Importing this package, `learner.audio.decoding` or `learner.encoders` loads no torch, transformers or scikit-learn, since the app process
does so too.
"""
