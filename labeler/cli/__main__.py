"""`python -m labeler.cli` is `earmark`; the supervisor starts the learner this way, whatever is on the PATH."""

from labeler.cli.main import main

if __name__ == "__main__":
    main()
