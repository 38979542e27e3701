"""Fine-tuning on a project, as far as the app must know it: whether it is worth trying, and what the last one gave.

May import `db.serving`, `db.decisions`, `db.records`, `db.store` and `db.errors`. What trains is in `learner.finetuning`.
"""
