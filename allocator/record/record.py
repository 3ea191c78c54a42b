"""A run becomes ``record.zip``: everything needed to check it, the same bytes every time.

Members are sorted by name, dated 1980 and stored without compression, since compressed bytes
depend on the system's zlib. JSON is canonical (RFC 8785). Nothing that may differ between two
machines (solver, operating system, clock, folder) is written.
"""

import hashlib
import io
import zipfile
from pathlib import Path, PurePath

from allocator import __version__
from allocator.explain.result import Result
from allocator.intake.folder import LoadedRound
from allocator.record.canonical import canonical
from allocator.tables import tables

FORMAT = 1
"""Version of the record's form; it changes when a member's form does."""

MANIFEST = "manifest.json"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16
_UNIX = 3


def write_record(result: Result, loaded: LoadedRound, path: Path) -> None:
    """Write the record of a run.

    Parameters
    ----------
    result : Result
        The run.
    loaded : LoadedRound
        What went into it, with the bytes of every file read.
    path : Path
        The file to write.
    """
    path.write_bytes(zipped(members(result, loaded)))


def members(result: Result, loaded: LoadedRound) -> dict[str, bytes]:
    """Return the members of a record by name, without the manifest.

    Parameters
    ----------
    result : Result
        The run.
    loaded : LoadedRound
        What went into it.

    Returns
    -------
    dict
        Bytes by name: the inputs as read, the rest as canonical JSON.
    """
    parts: dict[str, object] = {
        "applications.json": {
            "applications": loaded.applications,
            "columns": loaded.columns,
            "prior_awards": loaded.prior_awards,
            "prior_awards_given": loaded.prior_awards_given,
        },
        "round.json": result.round,
        "rules.json": result.rules,
        "pool.json": result.pool,
        "tables.json": tables(),
        "programme.json": result.programme,
        "result.json": _outcome(result),
        "versions.json": {"allocator": __version__, "format": FORMAT},
    }
    return _inputs(loaded) | {name: canonical(value) for name, value in parts.items()}


def zipped(parts: dict[str, bytes]) -> bytes:
    """Return a zip of the members and of the manifest that lists their SHA-256."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    manifest = canonical({"format": FORMAT, "members": digests})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted((parts | {MANIFEST: manifest}).items()):
            member = zipfile.ZipInfo(name, _EARLIEST)
            member.create_system = _UNIX
            member.external_attr = _READABLE
            archive.writestr(member, content)
    return file.getvalue()


def _inputs(loaded: LoadedRound) -> dict[str, bytes]:
    """Return the files as read; a policy from elsewhere may bear the name of another file."""
    inputs: dict[str, bytes] = {}
    for name, _, content in loaded.files:
        member = f"inputs/{PurePath(name).name}"
        while member in inputs:
            member += "-2"
        inputs[member] = content
    return inputs


def _outcome(result: Result) -> dict[str, object]:
    """Return what came out: the proven value, who is awarded what, and why."""
    allocation = result.allocation
    return {
        "status": allocation.status,
        "objective": allocation.objective,
        "bound": allocation.bound,
        "values": allocation.values,
        "awards": allocation.awards,
        "draws": allocation.draws,
        "decisions": result.lines,
        "promises": result.promises,
        "problems": result.problems,
    }
