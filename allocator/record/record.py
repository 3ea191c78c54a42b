"""A run becomes ``record.zip``: everything needed to check it, the same bytes every time.

What is in it, and in which form, is told in ``docs/auditor.md``. Members are stored without
compression, since compressed bytes depend on the system's zlib; ``check_container`` packs them.
JSON is canonical (RFC 8785). Nothing that may differ between two machines (solver, operating
system, clock, folder) is written.
"""

import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from allocator import __version__
from allocator.explain.result import Result
from allocator.intake.folder import LoadedRound
from allocator.record.canonical import canonical
from allocator.record.check_container import (
    FORMAT,
    MANIFEST,
    SIGNATURE,
    STANDALONE,
    TIMESTAMP,
    packed,
    unpacked,
)
from allocator.record.parts import (
    attributes_meant,
    inputs_of,
    lottery_of,
    reference_tables,
    understood,
)


def write_record(
    result: Result,
    loaded: LoadedRound,
    path: Path,
    *,
    decisions_csv: bytes | None = None,
    previous: Path | None = None,
) -> None:
    """Write the record of a run.

    Parameters
    ----------
    result : Result
        The run, with its proof and explanations where they were made.
    loaded : LoadedRound
        What went into it, with the bytes of every file read.
    path : Path
        The file to write.
    decisions_csv : bytes, optional
        The decisions as published.
    previous : Path, optional
        The previous record of the same round, which the manifest then names.
    """
    link = manifest_digest(previous.read_bytes()) if previous is not None else None
    parts = members(result, loaded)
    if decisions_csv is not None:
        parts["decisions.csv"] = decisions_csv
    path.write_bytes(packed(with_manifest(parts, link)))


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
    files = inputs_of(loaded)
    parts: dict[str, object] = {
        "applications.json": understood(loaded),
        "attributes.json": attributes_meant(result.round, result.rules),
        "inputs.json": [each for each, _ in files],
        "lottery.json": lottery_of(result.pool, result.round),
        "pool.json": result.pool,
        "programme.json": result.programme,
        "result.json": _outcome(result),
        "round.json": result.round,
        "rules.json": result.rules,
        "tables.json": reference_tables(result.round, loaded.applications),
        "versions.json": {"allocator": __version__, "format": FORMAT},
        **_evidence(result),
    }
    written = {name: canonical(value) for name, value in parts.items()}
    inputs = {each.member: content for each, content in files}
    return inputs | written | {STANDALONE: standalone()}


def with_manifest(parts: Mapping[str, bytes], previous: str | None = None) -> dict[str, bytes]:
    """Return members with the manifest that lists them.

    Parameters
    ----------
    parts : mapping
        Bytes by name.
    previous : str, optional
        SHA-256 of the previous record's manifest.
    """
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    manifest = {"format": FORMAT, "members": digests, "previous": previous}
    return {**parts, MANIFEST: canonical(manifest)}


def manifest_digest(record: bytes) -> str:
    """Return the SHA-256 of a record's manifest, by which it is known."""
    return hashlib.sha256(unpacked(record)[MANIFEST]).hexdigest()


def standalone() -> bytes:
    """Return the verifier that goes into every record."""
    return (resources.files("allocator.record") / STANDALONE).read_bytes()


def add_signature(path: Path, public_key: bytes, signature: bytes) -> None:
    """Add an Ed25519 signature of the manifest's bytes to a record, in place of any earlier one."""
    content = {
        "algorithm": "Ed25519",
        "public_key": public_key.hex(),
        "signature": signature.hex(),
    }
    _add(path, SIGNATURE, canonical(content))


def add_timestamp(path: Path, token: bytes) -> None:
    """Add the answer of a time-stamping authority (RFC 3161) about the manifest's bytes."""
    _add(path, TIMESTAMP, token)


def _add(path: Path, name: str, content: bytes) -> None:
    record = packed({**unpacked(path.read_bytes()), name: content})
    aside = path.with_name(f".{path.name}.part")
    aside.write_bytes(record)
    aside.replace(path)


def _evidence(result: Result) -> dict[str, object]:
    """Return proof, explanations, effects and fairness where the run has them."""
    found: dict[str, object] = {
        "effects.json": result.effects,
        "explanations.json": result.explanations,
        "fairness.json": result.fairness,
        "proof.json": result.proof,
    }
    return {member: value for member, value in found.items() if value}


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
