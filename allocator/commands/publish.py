"""Results are written aside and renamed into place: a folder of ours, whole, or not at all."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from allocator.errors import AllocatorError, Where, problem

OUR_FILES = frozenset(
    {"decisions.csv", "decisions.xlsx", "report.html", "record.zip", "NOT-FINAL.txt"}
)
_SYSTEM_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


@contextmanager
def published(
    folder: Path, replaceable: frozenset[str] = OUR_FILES, refusal: str = "cli-out-not-ours"
) -> Iterator[Path]:
    """Give a temporary folder to fill; it becomes ``folder`` when the block ends without an error.

    Parameters
    ----------
    folder : Path
        Where the files belong. It may be missing, empty, or hold nothing but ``replaceable``.
    replaceable : frozenset of str
        Names of files that may be lost.
    refusal : str
        Code of the problem where anything else would be lost.

    Yields
    ------
    Path
        An empty folder beside it, on the same file system.

    Raises
    ------
    AllocatorError
        With ``refusal``, before the block and again before the end.
    """
    target = folder.resolve()
    _refuse_foreign(folder, target, replaceable, refusal)
    aside = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.mkdir()
    except OSError as error:
        error.filename = str(folder)  # the one the person named
        raise
    try:
        yield aside
        _refuse_foreign(folder, target, replaceable, refusal)
        _put_in_place(aside, target)
    except PermissionError as error:  # Windows, while a file in the folder is open
        if target.exists() and error.filename and Path(error.filename).is_relative_to(target):
            raise AllocatorError(problem("cli-out-busy", Where(file=str(folder)))) from error
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _refuse_foreign(folder: Path, target: Path, replaceable: frozenset[str], refusal: str) -> None:
    """Refuse a folder that holds anything but files that may be replaced."""
    if not target.exists():
        return
    where = Where(file=str(folder))
    if not target.is_dir():
        raise AllocatorError(problem("cli-out-is-file", where))
    foreign = [
        entry
        for entry in target.iterdir()
        if entry.name not in replaceable | _SYSTEM_FILES or not entry.is_file()
    ]
    if foreign:
        raise AllocatorError(problem(refusal, where, count=len(foreign)))


def _put_in_place(aside: Path, target: Path) -> None:
    """Put ``aside`` in the place of ``target``; the earlier files stay if that fails.

    An empty folder, or one that somebody works in (its shell would be left nowhere), is filled
    file by file instead.
    """
    if not target.exists():
        aside.rename(target)
    elif not any(target.iterdir()) or Path.cwd().is_relative_to(target):
        made = sorted(aside.iterdir())
        for file in made:
            file.replace(target / file.name)
        for name in OUR_FILES.difference(file.name for file in made):
            (target / name).unlink(missing_ok=True)
    else:
        _swap(aside, target)


def _swap(aside: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as attic:
        earlier = Path(attic, "earlier")
        target.rename(earlier)
        try:
            aside.rename(target)
        except OSError:
            earlier.rename(target)
            raise
