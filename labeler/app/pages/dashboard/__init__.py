"""The page Dashboard: how good the classifier is, how sure that is, how much more work it takes, who does it, and what is wrong.

`page.py` puts the page together; every other file is one part of it. All parts are given the same facts, which are of one run.
"""
