"""The checks in their order: those that every verifier makes, and where others go between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from allocator.record.check_container import (
    MANIFEST,
    OFFICE,
    STANDALONE,
    Opened,
    look_at_members,
    look_at_office,
    look_at_previous,
    withheld,
)
from allocator.record.check_effects import look_at_effects
from allocator.record.check_evidence import look_at_proof
from allocator.record.check_explanations import look_at_explanations
from allocator.record.check_fairness import look_at_fairness
from allocator.record.check_outcome import (
    look_at_decisions,
    look_at_draws,
    look_at_lottery,
    look_at_objective,
    look_at_pool,
)
from allocator.record.check_programme import look_at_programme
from allocator.record.check_promises import look_at_promises
from allocator.record.check_report import (
    FAIL,
    PASS,
    UNCHECKED,
    Check,
    Refused,
    Unchecked,
    carried_out,
    demand_fields,
    safe,
)
from allocator.record.check_rules import look_at_payments, look_at_rules
from allocator.record.check_signature import look_at_signature, look_at_timestamp
from allocator.texts import say

FROM_INPUTS = ("inputs", "policy", "eligibility", "merit", "costs")
"""Checks that read the input files and the policy, for which the allocator is needed."""

OPTIONAL_CHECKS = ("signature", "timestamp")
"""Checks of what a record may do without."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the auditor has besides the record: each part may be missing."""

    previous: bytes | None = None
    public_key: bytes | None = None
    authority: Path | None = None


def look_at_file(data: bytes) -> tuple[Opened | None, Check]:
    """Open a record; there is nothing more to look at if its form is broken."""
    opened: list[Opened] = []

    def look() -> str:
        opened.append(Opened(data))
        count = len(opened[0].members)
        return say("verify.container.figure", bytes=len(data), count=count)

    check = carried_out("container", look)
    return (opened[0] if opened else None), check


def look_at_origin(record: Opened, given: Given) -> tuple[Check, ...]:
    """Check that the members belong together, who vouches for them, and what they follow."""
    office = (_made("office", lambda: look_at_office(record)),) if OFFICE in record.members else ()
    return (
        _made("members", lambda: look_at_members(record)),
        _made("signature", lambda: look_at_signature(record, given.public_key)),
        _made("timestamp", lambda: look_at_timestamp(record, given.authority)),
        _made("previous", lambda: look_at_previous(record, _previous(given))),
        *office,
    )


def _made(name: str, look: Callable[[], str]) -> Check:
    return carried_out(name, look, required=name not in OPTIONAL_CHECKS)


def _previous(given: Given) -> Opened | None:
    if given.previous is None:
        return None
    try:
        return Opened(given.previous)
    except Refused:
        raise Refused(say("verify.previous.broken")) from None


def look_within(record: Opened) -> tuple[Check, ...]:
    """Check everything that the record's own tables can show."""
    looks: tuple[tuple[str, Callable[[Opened], str]], ...] = (
        ("pool", look_at_pool),
        ("programme", look_at_programme),
        ("rules", look_at_rules),
        ("payments", look_at_payments),
        ("objective", look_at_objective),
        ("proof", look_at_proof),
        ("lottery", look_at_lottery),
        ("draws", look_at_draws),
        ("decisions", look_at_decisions),
        ("effects", look_at_effects),
        ("explanations", look_at_explanations),
        ("fairness", look_at_fairness),
        ("promises", look_at_promises),
    )
    return tuple(_made(name, partial(look, record)) for name, look in looks)


def of_redacted(record: Opened, checks: Iterable[Check]) -> Iterator[Check]:
    """Yield checks of what a record says; in one from which a person was erased none can fail.

    What does not agree may be what was erased. Such a record is never fully verified.
    """
    try:
        gone = bool(withheld(record))
    except Refused:  # said by the check of the members
        gone = False
    for each in checks:
        if gone and each.status == FAIL:
            figure = say("verify.withheld", figure=each.figure)
            yield replace(each, status=UNCHECKED, figure=figure)
        else:
            yield each


def look_at_edition(record: Opened, version: str, standalone: bytes) -> str:
    """Check which version made the record, and that the verifier in it is the genuine one."""
    versions = record.plain("versions.json")
    demand_fields(versions, "allocator", "format")
    if versions["format"] != record.plain(MANIFEST)["format"]:
        raise Refused(say("verify.edition.format"))
    theirs = versions["allocator"]
    if theirs != version:
        raise Unchecked(say("verify.edition.other", theirs=safe(theirs), mine=version))
    if record.members[STANDALONE] != standalone:
        raise Refused(say("verify.edition.changed", version=version))
    return say("verify.edition.figure", version=version)


def open_points(record: Opened | None, given: Given, checks: Iterable[Check]) -> tuple[str, ...]:
    """Return what cannot be checked at all, in words; ``checks`` are those that were made."""
    points = [say("verify.open.inputs-true")]
    if given.public_key is None and record is not None:
        points.append(say("verify.open.unsigned", digest=record.manifest_digest()))
    proven = any(each.id == "proof" and each.status == PASS for each in checks)
    points.append(say(f"verify.open.tied{'-proven' if proven else ''}"))
    points.append(say("verify.open.margins"))
    return tuple(points)
