"""Parts of pages that put a project into one file, and make it a project again."""
