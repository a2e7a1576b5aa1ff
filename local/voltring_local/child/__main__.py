"""`python -m voltring_local.child LAUNCHER SIGNAL PIPE DIRECTORY COMMAND...`; `launch` explains the words."""

import os
import sys

from voltring_local.child.nobody import become_nobody
from voltring_local.child.orphan import follow_by_kernel, follow_by_pipe

NOT_RUNNABLE = 127


def launch(launcher: int, signal: int, pipe: int, directory: str, command: list[str]) -> None:
    """Turn this process into `command`; it gets `signal` when the process `launcher` ends.

    `pipe` is the inherited reading end of a pipe whose writing end only the launcher holds; -1 asks the
    kernel instead. With a `directory` the command runs as its owner, who is not root.
    """
    if pipe >= 0:
        follow_by_pipe(pipe, signal)
    if directory:
        become_nobody(directory)
    if pipe < 0:
        # After the change of user: changed credentials clear the request.
        follow_by_kernel(launcher, signal)
    os.execv(command[0], command)  # noqa: S606 - the launcher's own list, no shell


def main(words: list[str]) -> None:
    launcher, signal, pipe, directory, *command = words
    try:
        launch(int(launcher), int(signal), int(pipe), directory, command)
    except OSError as error:
        print(f"{command[0]} can't be started: {error.strerror}", file=sys.stderr)
        raise SystemExit(NOT_RUNNABLE) from None


main(sys.argv[1:])
