"""Known speech corpora as they are distributed: label, speaker, text and session of each file, from its name and folder.

One file a corpus, and `registry` knows them all. May import what `db.imports` may, and the other files of `db.imports`.
"""
