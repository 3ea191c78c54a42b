"""Whatever happens inside a command, a person gets an answer in words and an exit code."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIG_IGN, SIGINT, default_int_handler, signal

from allocator import __version__
from allocator.commands.answer import Answer, refused
from allocator.commands.terminal import show
from allocator.errors import AllocatorError, Exit, Problem, Where, problem

DEBUG = "ALLOCATOR_DEBUG"
"""Set to 1, this environment variable shows where an unforeseen failure came from."""

_PACKAGE = Path(__file__).parent.parent


class EndedOnPurpose(KeyboardInterrupt):
    """Ctrl-C once more, by somebody who did not want to wait for the best answer known."""


def guarded(command: str, action: Callable[[], Answer], as_json: bool) -> int:
    """Carry out a command, show its answer and return its exit code.

    Parameters
    ----------
    command : str
        The command's name, for the machine-readable form.
    action : callable
        Does the work; whatever it raises becomes an answer.
    as_json : bool
        Whether to show the machine-readable form.
    """
    answer = _answer_to(action)
    try:
        with _unhindered():
            show(answer, command, as_json)
    except BrokenPipeError:
        _forget_standard_output()
    except OSError as error:
        _forget_standard_output()
        answer = refused((_file_problem(error),))
        show(answer, command, as_json=False)
    return int(answer.exit_code)


@contextmanager
def _unhindered() -> Iterator[None]:
    """Let an answer be shown to its end: what Ctrl-C would stop is over, and half of it is none."""
    try:
        before = signal(SIGINT, SIG_IGN)
    except ValueError:  # a thread that hears no signals
        yield
        return
    try:
        yield
    finally:
        signal(SIGINT, default_int_handler if before is None else before)


def _answer_to(action: Callable[[], Answer]) -> Answer:
    try:
        return action()
    except AllocatorError as error:
        return refused(error.problems, error.exit_code)
    except EndedOnPurpose:
        return refused((problem("cli-ended"),), Exit.NOT_FINAL)
    except KeyboardInterrupt:
        return refused((problem("cli-interrupted"),), Exit.NOT_FINAL)
    except OSError as error:
        _show_origin()
        return refused((_file_problem(error),))
    except MemoryError:
        return refused((problem("cli-memory"),))
    except SystemExit:
        raise
    except BaseException as error:  # a panic of a compiled library is no ordinary Exception
        _show_origin()
        return refused((problem("cli-unforeseen", reference=reference(error), debug=DEBUG),))


def reference(error: BaseException) -> str:
    """Return where in the program an error arose: version, place and type, nothing of the data."""
    place = "?"
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(_PACKAGE):
            place = f"{path.relative_to(_PACKAGE).with_suffix('').as_posix()}:{frame.lineno}"
    return f"{__version__}/{place}/{type(error).__name__}"


def _file_problem(error: OSError) -> Problem:
    name = str(error.filename) if error.filename is not None else ""
    return problem(
        "cli-file",
        Where(file=name),
        reason=error.strerror or type(error).__name__,
    )


def _show_origin() -> None:
    if os.environ.get(DEBUG) == "1":
        traceback.print_exc(file=sys.stderr)


def _forget_standard_output() -> None:
    """Keep Python from complaining at exit that the reader of our output has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
