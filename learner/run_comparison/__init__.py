"""`earmark corpora compare`: run folders of models of many corpora, read and compared on the same clips.

May import `learner.evaluation`, `learner.arrays` and `db`.
"""
