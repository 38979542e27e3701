"""From a file, or a span of one, to a waveform; every file is taken for a hostile one.

Imports numpy, soundfile and soxr only, since the app process decodes too. May import `learner.arrays` and `db.errors`.
"""
