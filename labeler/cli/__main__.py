"""`python -m labeler.cli` is `earmark`; the supervisor starts the learner this way, so it does not depend on the PATH."""

from __future__ import annotations

import signal

from labeler.cli.ctrl_c import end_by_ctrl_c


def run() -> None:
    """Run a command. Ctrl-C ends it in one line, even while its modules are still being loaded."""
    try:
        from labeler.cli.main import main

        main()
    except KeyboardInterrupt:
        end_by_ctrl_c()
    finally:
        # Threads may still have a file to decode. Whoever presses again while they end wants out at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    run()
