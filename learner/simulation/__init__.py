"""Replaying a labelled corpus through the learner, with its labels as the annotator."""
