"""Records to verify and to tamper with: of the shipped samples, and of small random rounds."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

from allocator import __version__
from allocator.decide import decide
from allocator.errors import AllocatorError
from allocator.explain.decisions import decision_lines
from allocator.explain.explanation import Explanation, Margin, Tie
from allocator.explain.obstacles import obstacles
from allocator.explain.result import Result
from allocator.intake.folder import load_round
from allocator.model import MeritLine, Pool
from allocator.optimise.proof import prove_allocation
from allocator.optimise.solve import allocate
from allocator.outputs.decisions_csv import decisions_csv
from allocator.record.canonical import canonical
from allocator.record.check_all import Given
from allocator.record.check_container import MANIFEST, packed, unpacked
from allocator.record.check_main import verify_alone
from allocator.record.check_report import Report
from allocator.record.parts import lottery_of
from allocator.record.record import members, standalone, with_manifest
from tests.builders import Small
from tests.rounds import numbered

SAMPLES = Path(str(resources.files("allocator"))) / "samples"


def record_of(folder: Path, policy: str | None = None, time_limit: float | None = None) -> bytes:
    """Decide a round folder and return its record."""
    loaded = load_round(folder, policy)
    return _record(decide(loaded, time_limit=time_limit), loaded)


@cache
def sample_record(name: str = "one-meeting") -> bytes:
    return record_of(SAMPLES / name)


@cache
def tiny_record() -> bytes:
    """Return the record of the sample meeting's first dozen applications, with money for a few."""
    with tiny_round() as folder:
        return record_of(folder)


@contextmanager
def tiny_round() -> Iterator[Path]:
    meeting = SAMPLES / "one-meeting"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = (meeting / "applications.csv").read_text(encoding="utf-8").splitlines()[:13]
        (folder / "applications.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        about = (meeting / "round.yaml").read_text(encoding="utf-8")
        about = about.replace("amount: 120000", "amount: 20000")
        (folder / "round.yaml").write_text(about, encoding="utf-8")
        yield folder


@cache
def small_record(number: int) -> bytes | None:
    """Return the record of a small random round, ``None`` where no allocation is possible.

    Its pool is made by hand, so there are no input files that would give it.
    """
    small = _complete(numbered(number))
    try:
        result = _decided(small)
    except AllocatorError:
        return None
    applications = tuple(each.application for each in small.pool.candidates)
    names = ("round.yaml", "policy.yaml", "applications.csv")
    loaded: Any = SimpleNamespace(
        applications=applications,
        prior_awards=(),
        prior_awards_given=False,
        columns=(),
        files=tuple(
            (name, hashlib.sha256(name.encode()).hexdigest(), name.encode()) for name in names
        ),
    )
    return _record(result, loaded)


def _complete(small: Small) -> Small:
    """Return the round with the lines of merit and the seed in the policy that real ones have."""
    candidates = tuple(
        replace(each, breakdown=(MeritLine("award", "Nomination", "", each.merit, None),))
        for each in small.pool.candidates
    )
    rules = replace(small.rules, lottery_seed=small.round.lottery_seed)
    return Small(Pool(candidates, ()), small.round, rules)


@cache
def explained_record(name: str = "one-meeting") -> bytes:
    """Return a record with explanations written from its own decisions and draws.

    That of the ``tiny`` round has exact margins.
    """
    if name == "tiny":
        with tiny_round() as folder:
            return _explained(folder, "exact")
    return _explained(SAMPLES / name, "bounds")


def _explained(folder: Path, how: Literal["exact", "bounds"]) -> bytes:
    loaded = load_round(folder)
    result = decide(loaded, explain=how)
    parts = {**members(result, loaded), "decisions.csv": decisions_csv(result)}
    parts["explanations.json"] = canonical(explanations_of(result))
    return packed(with_manifest(parts))


def explanations_of(result: Result) -> list[Explanation]:
    """Explain every decision of a run as plainly as its lines allow."""
    hindered = obstacles(result.programme, result.allocation.values)
    breakdowns = {c.application.application_id: c.breakdown for c in result.pool.candidates}
    draws = result.allocation.draws
    ties = {each.application_id: Tie(each.position, len(draws), each.key) for each in draws}
    return [
        Explanation(
            application_id=line.application_id,
            decision=line.decision,
            package=line.package,
            reason_code=line.reason_code,
            merit=line.merit,
            breakdown=breakdowns.get(line.application_id, ()),
            margin=None if line.margin is None else Margin(abs(line.margin)),
            obstacles=hindered.get(line.application_id, ()),
            factors=(),
            extra=(),
            tie=ties.get(line.application_id),
        )
        for line in result.lines
    ]


def _decided(small: Small) -> Result:
    programme, allocation = allocate(small.pool, small.round, small.rules)
    lines = decision_lines(small.round, small.pool, programme, allocation, {})
    lottery = lottery_of(small.pool, small.round)
    order, funds = lottery["order"], lottery["funds"]
    proof = prove_allocation(programme, allocation, order, funds).as_json()
    return Result(small.round, small.rules, small.pool, programme, allocation, lines, (), (), proof)


def _record(result: Result, loaded: Any) -> bytes:
    parts = {**members(result, loaded), "decisions.csv": decisions_csv(result)}
    return packed(with_manifest(parts))


def alone(record: bytes, given: Given | None = None) -> Report:
    """Verify as ``verify_record.py`` does."""
    return verify_alone(record, given or Given(), __version__, standalone())


def forged(record: bytes, changes: dict[str, Callable[[Any], Any]]) -> bytes:
    """Return the record with JSON members changed and every checksum made to fit again.

    A change alters the value it is given, or returns another.
    """
    parts = unpacked(record)
    previous = json.loads(parts.pop(MANIFEST))["previous"]
    for name, change in changes.items():
        value = json.loads(parts[name])
        changed = change(value)
        parts[name] = canonical(value if changed is None else changed)
    return packed(with_manifest(parts, previous))
