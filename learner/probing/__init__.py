"""Which encoder and layers suit a labelled corpus (`earmark probe`).

Every encoder encodes each clip once; the vectors of its layers are kept in a cache. All candidates are then scored on the same
folds, and the one that is best carries a second, nested score, in which the choice itself was made without the speakers it is
tested on.

May import `learner.corpora`, `learner.evaluation`, `learner.heads`, `learner.dataset`, `learner.encoders` and `db`.
"""
