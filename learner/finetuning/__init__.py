"""`earmark finetune`: fine-tuning recipes beside the frozen head, all scored on the same held-out speakers.

clips -> folds (`folds`, `label_files`) -> for each fold and run (`runs`) the shipped head (`shipped_head`) or a network that is
trained by a recipe (`recipe`, `training`) -> scores (`result`). `experiment` puts all together.

May import `learner.corpora`, `learner.encoder_training`, `learner.heads`, `learner.evaluation` and what these may.
"""
