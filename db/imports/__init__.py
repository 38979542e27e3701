"""File formats that come in: manifests, folders, and files of answers. Their readers yield rows and write nothing.

May import `db.models`, `db.settings`, `db.mounts` and `db.errors`.
"""
