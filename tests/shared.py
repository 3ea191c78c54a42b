"""What costs seconds to make, and several workers of one test run need, is made by the first."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER: list[Path] = []
"""Where it is kept during this run, if anywhere: ``tests/conftest.py`` says."""


def keep_in(factory: pytest.TempPathFactory) -> None:
    """Keep things in the folder that all workers of this run have."""
    own = factory.getbasetemp()
    folder = (own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own) / "shared"
    folder.mkdir(exist_ok=True)
    FOLDER[:] = [folder]


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return the file of that name, made with ``make`` where no worker has made it yet."""
    place = FOLDER[0] / name
    with place.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            fresh = place.with_name(f"{name}.new")
            make(fresh)
            fresh.rename(place)
    return place


def bytes_made_once(name: str, make: Callable[[], bytes]) -> bytes:
    """Return bytes, as ``made_once`` does a file."""
    if not FOLDER:  # asked for while tests are collected
        return make()

    def write(path: Path) -> None:
        path.write_bytes(make())

    return made_once(name, write).read_bytes()
