"""Comparisons on labelled corpora, each with a command of its own; `make bench` does not run them."""
