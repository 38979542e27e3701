"""A project for scripts and notebooks: `from labeler import Project`. Commands are a thin layer over it.

Its methods are in `labeler.scripting`, one file a subject.
"""

from __future__ import annotations

from labeler.scripting.answering import Answering
from labeler.scripting.changing import Changing
from labeler.scripting.filling import Filling
from labeler.scripting.handing_over import HandingOver
from labeler.scripting.keeping import Keeping
from labeler.scripting.learning import Learning


class Project(Filling, Answering, Learning, HandingOver, Changing, Keeping):
    """An open project: `with Project.open("my-project") as project: ...`, or close it yourself.

    Tables that may be long are pandas data frames. Other results are dicts and lists, as the command of the same name prints them
    with --json. What a method has done is reported by an object with named fields.

    Errors are `EarmarkError`s, one sentence each, whatever the method; a failing disk or database is a `ProjectError`. `progress`
    is a function that is called with how much is done and how much there is (0: not known).

    Threads may share a project. Processes may not: each opens its own, also after a fork. Others may label, and `earmark serve`
    may run, at the same time; but only one process learns, and only one embeds.
    """
