"""The program's door: whatever Ctrl-C meets on the way, it ends with an exit code of ours."""

import os
import sys

NOT_FINAL = 3
"""As in ``errors.Exit``, which is not imported yet when Ctrl-C comes early."""


def start() -> None:
    """Run the command line, and leave with its exit code.

    A library that meets Ctrl-C may leave the interpreter believing that nobody handled it; it would
    then end by a signal although everything was said and written. So an interrupted program leaves
    by the short way.
    """
    try:
        from allocator.cli import main

        main()
    except KeyboardInterrupt:
        _say_that_it_was_stopped()
        _leave(NOT_FINAL)
    except SystemExit as end:
        if end.code == NOT_FINAL:
            _leave(NOT_FINAL)
        raise


def _say_that_it_was_stopped() -> None:
    """Say so in plain words; the texts may not have been read when Ctrl-C comes this early."""
    try:
        from allocator.texts import say

        print(say("cli.stopped-early"), file=sys.stderr)
    except (Exception, KeyboardInterrupt):  # it ends all the same, and with the same code
        return


def _leave(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # nobody reads it, or nobody ever did
            continue
    os._exit(code)


if __name__ == "__main__":
    start()
