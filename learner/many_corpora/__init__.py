"""`earmark corpora`: one model for many corpora, each with its own label set (EmoNet, Gerczuk et al. 2021).

manifests -> corpora with fixed parts (`corpora`) -> spectrograms on disk (`spectrograms`) -> shared filters and what each corpus
has of its own (`network`) -> trained by a recipe (`recipe`, `training`), run by run (`train`) -> a folder (`model_folder`) that
`evaluate` predicts with and `report` counts the parameters of. What a project does with a model is in `serving`.

May import `learner.corpora`, `learner.encoder_training`, `learner.evaluation` and what these
may; `serving` also `learner.finetuning`.
"""
