"""From a file, or a span of one, to a waveform; every file is treated as hostile.

Imports numpy, soundfile and soxr only, because the app process decodes too. May import `learner.arrays` and `db.errors`.
"""
