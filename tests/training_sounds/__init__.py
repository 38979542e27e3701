"""Tests of the command that fetches sounds to train an encoder on."""
