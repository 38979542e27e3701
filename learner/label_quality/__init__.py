"""How good the labels are: suspicious ones, what to answer again, how good each annotator is, and how well they agree.

Everything here is computed from a snapshot of decisions and from features; nothing is shown to annotators as a suggestion.
"""
