"""A record becomes the run and the round again: the same frozen data that were written into it.

Nothing is solved, judged or looked up again, so that looking at a run months later shows what was
decided then. Whoever wants proof that a record is sound verifies it; here its members need only
have the form they are written in.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from allocator.errors import AllocatorError, Problem, has_errors, problem
from allocator.explain.result import DecisionLine, Promise, Result
from allocator.explain.what_if import Assessed
from allocator.intake.assess import Assessment
from allocator.intake.folder import LoadedRound
from allocator.intake.overrides import OVERRIDES, read_overrides
from allocator.model import Application, Pool, PriorAward, Round
from allocator.optimise.allocation import Allocation
from allocator.optimise.programme import Programme
from allocator.policy import Policy, check_policy
from allocator.record.canonical import canonical
from allocator.record.check_container import Opened
from allocator.record.check_report import Refused
from allocator.record.parts import ROLES
from allocator.rules import Rules

OF_ASSESSMENT = "assess-"
"""How the codes of problems begin that are found when a round is assessed, not when it is read."""


def result_of(record: bytes) -> Result:
    """Return the run that a record tells of.

    Parameters
    ----------
    record : bytes
        ``record.zip``.

    Raises
    ------
    AllocatorError
        ``record-unreadable`` if the bytes are not formed as a record is.
    """
    return _read(record, _result)


def assessed_of(loaded: LoadedRound, result: Result) -> Assessed:
    """Return a round as it was judged for a run.

    Parameters
    ----------
    loaded : LoadedRound
        As it was loaded for the run.
    result : Result
        The run.
    """
    found = tuple(e for e in result.problems if e.code.startswith(OF_ASSESSMENT))
    return Assessed(loaded, Assessment(result.pool, found))


def loaded_of(record: bytes) -> LoadedRound:
    """Return the round as it was loaded for a run, with the bytes of its files.

    Parameters
    ----------
    record : bytes
        ``record.zip``.

    Raises
    ------
    AllocatorError
        ``record-unreadable`` if the bytes are not formed as a record is.
    """
    return _read(record, _loaded)


def _read[T](record: bytes, read: Callable[[Opened], T]) -> T:
    try:
        return read(Opened(record))
    except (Refused, ValidationError, LookupError, TypeError, ValueError):
        raise AllocatorError(problem("record-unreadable")) from None


@dataclass(frozen=True, slots=True)
class _Outcome(Allocation):
    """What ``result.json`` says: the allocation, and what is told of it."""

    decisions: tuple[DecisionLine, ...]
    promises: tuple[Promise, ...]
    problems: tuple[Problem, ...]


def _result(record: Opened) -> Result:
    outcome: _Outcome = _member(record, "result.json", _Outcome)
    return Result(
        round=_member(record, "round.json", Round),
        rules=_member(record, "rules.json", Rules),
        pool=_member(record, "pool.json", Pool),
        programme=_member(record, "programme.json", Programme),
        allocation=Allocation(
            **{each.name: getattr(outcome, each.name) for each in fields(Allocation)}
        ),
        lines=outcome.decisions,
        promises=outcome.promises,
        problems=outcome.problems,
        **_evidence(record),
    )


def _evidence(record: Opened) -> dict[str, Any]:
    """Return proof, explanations, effects and fairness as far as the record has them."""
    kinds = get_type_hints(Result)
    return {
        name: _member(record, f"{name}.json", kinds[name])
        for name in ("proof", "explanations", "effects", "fairness")
        if f"{name}.json" in record.members
    }


@dataclass(frozen=True, slots=True)
class _Understood:
    """What ``applications.json`` says."""

    applications: tuple[Application, ...]
    prior_awards: tuple[PriorAward, ...]
    prior_awards_given: bool
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Noticed:
    """What ``result.json`` says of problems; the rest of it is not looked at."""

    problems: tuple[Problem, ...]


def _loaded(record: Opened) -> LoadedRound:
    understood: _Understood = _member(record, "applications.json", _Understood)
    told = {each["role"]: each for each in record.plain("inputs.json")}
    noticed = _reader(_Noticed).validate_json(record.members["result.json"], strict=True)
    files = tuple(
        (told[role]["name"], told[role]["sha256"], record.members[told[role]["member"]])
        for role in ROLES
        if role in told
    )
    changes = [read_overrides(content) for name, _, content in files if name == OVERRIDES]
    return LoadedRound(
        round=_member(record, "round.json", Round),
        policy=_policy(files[1][2], files[1][0]),
        rules=_member(record, "rules.json", Rules),
        applications=understood.applications,
        prior_awards=understood.prior_awards,
        prior_awards_given=understood.prior_awards_given,
        columns=understood.columns,
        problems=tuple(e for e in noticed.problems if not e.code.startswith(OF_ASSESSMENT)),
        files=files,
        overrides=changes[0].overrides if changes else (),
        spent=changes[0].spent if changes else (),
    )


def _policy(content: bytes, name: str) -> Policy:
    policy, problems = check_policy(content, name)
    if policy is None or has_errors(problems):
        raise ValueError(name)
    return policy


def _member(record: Opened, name: str, kind: Any) -> Any:
    return _revived(record.members[name], kind)


def _revived(content: bytes, kind: Any) -> Any:
    """Read canonical JSON as frozen data.

    Whole numbers beyond 2^53 - 1 are written as text, which a strict reader refuses; a lenient one
    is trusted only where writing what it read gives the same bytes.
    """
    reader = _reader(kind)
    try:
        return reader.validate_json(content, strict=True)
    except ValidationError:
        value = reader.validate_json(content, strict=False)
        if canonical(value) != content:
            raise
        return value


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
