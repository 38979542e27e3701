"""What a model for many corpora is to a project: the project as a corpus of it (`folds`, `project_corpus`), and its network as
the project's classifier (`classifier`). As an encoder, the model is in `learner.encoders.corpora_model`.
"""
