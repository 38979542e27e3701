"""The fine-tuned network as a folder that plain `transformers` loads.

One more training, on all labels (`saving`) -> the folder, whole or not at all (`folder`): weights (`writing`), facts, and a model
card (`card`). `learner.prediction.models` says what is in such a folder, and reads it.

May import the rest of `learner.finetuning` and `learner.prediction.models`.
"""
