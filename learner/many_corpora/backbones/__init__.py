"""The kinds of network that corpora may share, one file each: `resnet`, `encoder`; `base` is what all offer,
`registry` finds them.

May import `learner.many_corpora`'s `recipe`, `inputs`, `spectrograms` and `network`.
"""
