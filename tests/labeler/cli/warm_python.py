"""A Python process that has loaded Earmark and its libraries already, and forks one process for each command that it is given.

Starting twenty commands one by one would load torch and its friends twenty times, which takes a minute. Each command still is a
process of its own, with a terminal of its own, that begins where `earmark` begins. Run by `tests.labeler.cli.terminals`.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import sys
import termios
import time
from typing import Any

LOADED = (
    "cleanlab",
    "labeler.cli.main",
    "learner.encoder_training.pretraining.pretrain",
    "learner.encoders.wav2vec2.encoder",
    "learner.imports.answers",
    "learner.imports.source",
    "learner.label_quality.project_report",
    "learner.loop.run",
    "learner.prediction.predict",
    "learner.probing.probe_report",
    "learner.search.likely",
    "learner.search.neighbours",
    "learner.simulation.comparison",
    "transformers.models.wav2vec2.modeling_wav2vec2",
)


def main() -> None:
    """Serve the socket whose number is the first argument, until its other end is closed."""
    for name in LOADED:
        importlib.import_module(name)
    # So that processes go on sharing what is loaded.
    gc.collect()
    gc.freeze()
    test = socket.socket(fileno=int(sys.argv[1]))
    test.sendall(b"loaded\n")
    while True:
        message, descriptors, _, _ = socket.recv_fds(test, 1 << 16, 2)
        if not message:
            return
        asked = json.loads(message)
        if "wait_for" in asked:
            test.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(asked["wait_for"], 0)[1]))
            continue
        pid = os.fork()
        if pid == 0:
            test.close()
            become(asked, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        test.sendall(b"%d\n" % pid)


def become(asked: dict[str, Any], terminal: int, stdout: int) -> None:
    """Be the command, in its terminal, or with a file in place of one."""
    os.setsid()
    if os.isatty(terminal):
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for target, descriptor in enumerate((terminal, stdout, terminal)):
        os.dup2(descriptor, target)
    os.close(terminal)
    os.close(stdout)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if asked["held_at"]:
        hold(asked["held_at"])
    sys.argv = ["earmark", *asked["arguments"]]
    from labeler.cli.__main__ import run

    status = 0
    try:
        run()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    sys.stdout.flush()
    # Taking the libraries down again would take a second.
    os._exit(status)


def hold(place: str) -> None:
    """Let the function at `place` (`module:name`) say so and wait for Ctrl-C, in place of its work."""
    module, _, name = place.partition(":")
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    assert callable(getattr(owner, last))

    def held(*_: Any, **__: Any) -> None:
        os.write(2, b"\r\n(held)\r\n")
        # In short pieces: a signal that comes just before one of them would otherwise wait for its end.
        for _piece in range(6000):
            time.sleep(0.1)

    setattr(owner, last, held)


if __name__ == "__main__":
    main()
