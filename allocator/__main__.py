"""The program's door: whatever Ctrl-C meets on the way, it ends with an exit code of ours."""

import os
import sys

NOT_FINAL = 3
"""As in ``errors.Exit``, which is not imported yet when Ctrl-C comes early."""

_TEXTS = ("texts", "en", "cli.yaml")


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
    """Say so in plain words.

    They are read from the file of texts without what else reads it: Ctrl-C may have come while that
    was being imported, and Python does not import such a module a second time.
    """
    try:
        path = os.path.join(os.path.dirname(__file__), *_TEXTS)
        with open(path, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
        text = next(line for line in lines if line.startswith("stopped-early: "))
        print(text.partition('"')[2].rstrip('"'), file=sys.stderr)
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
