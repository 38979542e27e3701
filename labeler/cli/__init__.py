"""The command line: `earmark [--project DIR] COMMAND`."""

from labeler.cli.main import main

__all__ = ["main"]
