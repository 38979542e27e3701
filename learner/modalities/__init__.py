"""`earmark modalities`: accuracy against labels for sound, words and both, by the linear head and by the attention network of paper 1.

Boigne, Liyanage, Östrem 2020, *Recognizing more emotions with less data using self-supervised transfer learning*. May import
`learner.corpora`, `learner.outlook`, `learner.evaluation`, `learner.heads` and what these need.
"""
