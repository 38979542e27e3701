"""What `labeler.project` is made of: data frames, answers and options as scripts give them, and heads that need no project.

May import `learner`, `db` and pandas, which is loaded when the first data frame is made.
"""
