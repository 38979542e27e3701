"""Files, manifests and answers that become clips and decisions of a project.

May import `learner.audio` and `db`.
"""
