"""What heads are trained and tested on: the pool of clips with features, folds, speakers, and labels made of decisions.

May import `learner.features` and `db`.
"""
