"""What people touch: the command line, the app and its pages, the player in the browser; and classes for scripts.

May import `learner` and `db`. Rooms: `cli` (commands), `app` (the served pages and routes), `player` (JavaScript components),
`project` and `scripting` (for scripts and notebooks), `charts`, `words` (sentences about results), `processes` (supervising app
and learner).

    from labeler import Head, Model, Project
"""

import typing

from labeler.processes import safe_path

if typing.TYPE_CHECKING:
    from labeler.project import Project
    from labeler.scripting.head import Head
    from labeler.scripting.model import Model

__all__ = ["Head", "Model", "Project"]

# Here, because every module of `labeler` that is imported later may import one that a file in the working folder hides.
safe_path.leave_out_working_folder()


def __getattr__(name: str) -> typing.Any:
    """Load what scripts need when they ask for it: the app imports this package too, and stays small."""
    if name == "Project":
        from labeler.project import Project

        return Project
    if name == "Head":
        from labeler.scripting.head import Head

        return Head
    if name == "Model":
        from labeler.scripting.model import Model

        return Model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
