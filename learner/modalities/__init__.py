"""`earmark modalities`: accuracy against labels for sound, words and both, by linear heads and by an attention network.

Boigne, Liyanage, Östrem 2020, *Recognizing more emotions with less data using self-supervised transfer learning*. May import
`learner.corpora`, `learner.outlook`, `learner.evaluation`, `learner.heads` and what these need.
"""
