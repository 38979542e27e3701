"""`python -m labeler.cli` is `earmark`; the supervisor starts the learner this way, so it does not depend on the PATH."""

from labeler.cli.main import main

if __name__ == "__main__":
    main()
