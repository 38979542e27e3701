"""What is known about a project: tables, sessions, migrations, questions asked of them, file formats in and out."""
