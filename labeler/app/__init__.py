"""The web app: Streamlit pages, and the routes that hand out clips and take answers.

Nothing here imports torch, transformers or scikit-learn: the process stays small, and reads what the learner wrote.
"""
