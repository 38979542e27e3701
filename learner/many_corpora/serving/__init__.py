"""What a model for many corpora is to a project: which labels its shared network knows (`learned_from`), the project as a corpus
of it (`material`, `folds`, `project_corpus`), and its network as the project's classifier (`classifier`).
"""
