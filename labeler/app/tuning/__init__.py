"""Fine-tuning that a page starts, as a process of its own with low priority.

May import `labeler.app.commands`.
"""
