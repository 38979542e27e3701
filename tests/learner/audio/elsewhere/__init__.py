"""Tests of `learner.audio.elsewhere`."""
