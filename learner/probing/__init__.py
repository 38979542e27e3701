"""Probing: which encoder, layers and pooling suit the labels at hand, by cross-validation over speakers.

Every encoder hears each clip once; what its layers say is kept in a cache. All candidates are then scored on the same folds, and
the one that is best carries a second, nested score, in which the choice itself was made without the speakers it is tested on.
"""
