"""Networks that classify audio, as folders: backbone and classification head together, without a project.

What a folder holds beside the files of transformers (`document`) -> how such a folder is read, whoever made it (`reading`) ->
its network as an encoder of windows (`networks`). `learner.finetuning.model` writes such folders.

May import what `learner.prediction` may.
"""
