"""`earmark finetune`: fine-tuning recipes beside the frozen head, all scored on the same held-out speakers.

clips -> frames of the frozen convolutions (`clip_frames`) -> folds (`folds`) -> for each fold and run a recipe (`recipe`): none
(`shipped_head`), V-FT (`supervised`), or continued pre-training before it (`contrastive`, `masked_prediction`) -> scores
(`result`). `steps` carries a training through NaN, kills and full disks; `experiment` puts all together.

May import `learner.corpora`, `learner.encoder_training`, `learner.heads`, `learner.evaluation` and what these may.
"""
