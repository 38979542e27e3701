"""Results as plain sentences, the same for pages and commands.

May import `db`.
"""
