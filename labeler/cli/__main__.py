"""`python -m labeler.cli` is `earmark`; the supervisor starts the learner this way, so it does not depend on the PATH."""

from __future__ import annotations

import sys


def run() -> None:
    """Run a command. Ctrl-C ends it in one line, even while its modules are still being loaded."""
    try:
        from labeler.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write("\nAborted!\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    run()
