"""Commands that change a project after the start: its labels, and clips that are withdrawn.

May import what `labeler.cli` may.
"""
