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
from allocator.explain.effects import effects_of
from allocator.explain.fairness import fairness_of
from allocator.explain.fairness_record import kept_fairness
from allocator.explain.margins import figures, margins
from allocator.explain.result import Result
from allocator.explain.why import explanations
from allocator.intake.folder import load_round
from allocator.model import MeritLine, Pool
from allocator.optimise.proof import prove_allocation
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Watch
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
from tests.shared import bytes_made_once

SAMPLES = Path(str(resources.files("allocator"))) / "samples"


def record_of(
    folder: Path,
    policy: str | None = None,
    time_limit: float | None = None,
    explain: Literal["exact", "bounds"] | None = None,
    flips: bool = False,
) -> bytes:
    """Decide a round folder and return its record."""
    loaded = load_round(folder, policy)
    result = decide(loaded, time_limit=time_limit, explain=explain, flips=flips)
    return _record(result, loaded)


@cache
def sample_record(name: str = "one-meeting") -> bytes:
    return bytes_made_once(f"{name}.zip", lambda: record_of(SAMPLES / name))


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
def small_record(number: int, flips: bool = False) -> bytes | None:
    """Return the record of a small random round, ``None`` where no allocation is possible.

    With ``flips`` it has a flip test. Its pool is made by hand, so no input files would give it.
    """
    try:
        return record_by_hand(numbered(number), flips)
    except AllocatorError:
        return None


def record_by_hand(made: Small, flips: bool = False) -> bytes:
    """Decide a round that no files give, and return its record."""
    small = _complete(made)
    result = _decided(small, flips)
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
    """Return a record whose margins are bounds only; that of the ``tiny`` round has exact ones.

    That of the ``flipped`` round, which is the tiny one too, has a flip test.
    """
    if name == "tiny":
        return tiny_record()
    if name == "flipped":
        with tiny_round() as folder:
            return record_of(folder, explain="bounds", flips=True)
    return bytes_made_once(
        f"{name}-bounds.zip", lambda: record_of(SAMPLES / name, explain="bounds")
    )


def _decided(small: Small, flips: bool) -> Result:
    programme, allocation = allocate(small.pool, small.round, small.rules)
    about = (programme, small.pool, small.round, small.rules, allocation)
    found = margins(*about, Watch())
    stated = figures(found, frozenset(award.application_id for award in allocation.awards))
    lines = decision_lines(small.round, small.pool, programme, allocation, stated)
    lottery = lottery_of(small.pool, small.round)
    order, funds = lottery["order"], lottery["funds"]
    proof = prove_allocation(programme, allocation, order, funds).as_json()
    effects = effects_of(*about, Watch(), always=True)
    told = explanations(small.pool, programme, allocation, lines, found, {}, effects)
    result = Result(
        round=small.round,
        rules=small.rules,
        pool=small.pool,
        programme=programme,
        allocation=allocation,
        lines=lines,
        promises=(),
        problems=(),
        proof=proof,
        explanations=told,
        effects=effects,
    )
    return replace(result, fairness=kept_fairness(fairness_of(result, flips=flips, processes=1)))


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
