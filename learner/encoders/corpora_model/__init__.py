"""Networks of `earmark corpora` outside of their training: as the encoder of any project, and as a project's classifier.

log-mel spectrograms (`log_mel`), as crops and windows (`crops`) -> a network whose normalisation and adapters are folded into its
filters (`folded`) -> vectors by the shared filters of a model's folder (`files`, `encoder`), or probabilities by a network with
its head (`classifier`). What trains them is `learner.many_corpora`.
"""
