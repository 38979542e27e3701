"""Fine-tuning on the decisions of a project, scored on its random slice beside the live head.

What there is to learn from and to score on, as the live head sees it (`decisions`, with `unlabelled` clips of the same speakers)
-> what is too little (`checks`) -> a network for each fold (`scoring`) -> both accuracies and their difference (`comparison`).
"""
