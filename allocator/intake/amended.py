"""A loaded round with another policy, other overrides or other awards of the office.

It is the round that a folder with them in it would give.

What is changed in memory is written in the form of the file and read back from it, so that a record
made from the round holds the file and is verified from it like any other.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from allocator.errors import AllocatorError, Problem, has_errors, ordered
from allocator.intake.folder import LoadedRound, load_round, without_awards
from allocator.intake.overrides import (
    OVERRIDES,
    Override,
    moved_money,
    overrides_yaml,
    read_overrides,
    settled_overrides,
    without_overrides,
)
from allocator.intake.prior_awards import (
    OFFICE_AWARDS,
    awards_csv,
    merged_awards,
    read_prior_awards,
)
from allocator.model import PriorAward

_OPTIONAL = ("prior_awards.csv", "prior_awards.xlsx", OFFICE_AWARDS, OVERRIDES)
"""Files that a round may do without, in the order in which they are read."""

_ALWAYS, _POLICY = 3, 1


def with_policy(loaded: LoadedRound, data: bytes, name: str) -> LoadedRound:
    """Return the round under another policy: its own files are read again under it.

    Parameters
    ----------
    loaded : LoadedRound
        A round with the bytes of its files.
    data : bytes
        The policy file.
    name : str
        Its name, for messages and records.

    Raises
    ------
    AllocatorError
        The policy has errors.
    """
    with tempfile.TemporaryDirectory() as place:
        folder, policy = Path(place, "round"), Path(place, "policy", Path(name).name)
        folder.mkdir()
        policy.parent.mkdir()
        for number, (file, _, content) in enumerate(loaded.files):
            if number != _POLICY:
                (folder / file).write_bytes(content)
        policy.write_bytes(data)
        return load_round(folder, str(policy))


def with_overrides(
    loaded: LoadedRound,
    overrides: Iterable[Override],
    spent: Mapping[str, int] | None = None,
) -> LoadedRound:
    """Return the round with these overrides and this spent money, instead of any it has.

    Parameters
    ----------
    loaded : LoadedRound
        A round without errors.
    overrides : iterable of Override
        At most one per application. None at all, and nothing spent: a round without the file.
    spent : mapping, optional
        Minor units gone from ``fund[<id>]`` or ``budget[<meeting>]`` beside the awards; below 0 for
        money saved or added.

    Raises
    ------
    AllocatorError
        What ``overrides.yaml`` would be refused for.
    """
    overrides = tuple(overrides)
    money = tuple(sorted((line, amount) for line, amount in (spent or {}).items() if amount))
    data = overrides_yaml(overrides, money) if overrides or money else None
    bare = replace(
        loaded,
        round=moved_money(loaded.round, loaded.spent, back=True),
        rules=without_overrides(loaded.rules),
        overrides=(),
        spent=(),
        files=_with_file(loaded, OVERRIDES, data),
    )
    if data is None:
        return bare
    found = read_overrides(data)
    ids = [each.application_id for each in loaded.applications]
    round_, rules = settled_overrides(found, ids, bare.round, bare.rules)
    return replace(bare, round=round_, rules=rules, overrides=found.overrides, spent=found.spent)


def with_prior_awards(loaded: LoadedRound, awards: Iterable[PriorAward]) -> LoadedRound:
    """Return the round with these awards as the office's own ledger, instead of any it has.

    Parameters
    ----------
    loaded : LoadedRound
        A round; the awards of its file of prior awards stay.
    awards : iterable of PriorAward
        Awards of other rounds; those of this round would count against its own. None at all: a
        round without the file.

    Raises
    ------
    AllocatorError
        What the file would be refused for.
    """
    awards, on = tuple(awards), loaded.round.decision_date
    prior = _prior_awards(loaded)
    data = awards_csv(awards) if awards else None
    found: tuple[Problem, ...] = ()
    merged = prior or ()
    if data is not None:
        ledger, problems = read_prior_awards(data, OFFICE_AWARDS, on)
        if has_errors(problems):
            raise AllocatorError(ordered(problems))
        merged, notes = merged_awards(merged, ledger)
        found = (*problems, *notes)
    elif prior is None:
        found = tuple(without_awards(loaded.rules))
    others = (
        each
        for each in loaded.problems
        if each.where.file != OFFICE_AWARDS and each.code != "round-no-prior-awards"
    )
    return replace(
        loaded,
        prior_awards=merged,
        prior_awards_given=data is not None or prior is not None,
        problems=ordered((*others, *found)),
        files=_with_file(loaded, OFFICE_AWARDS, data),
    )


def _prior_awards(loaded: LoadedRound) -> tuple[PriorAward, ...] | None:
    """Return the awards of the round's file of prior awards, ``None`` if it has none."""
    for name, _, content in loaded.files[_ALWAYS:]:
        if name.startswith("prior_awards."):
            return read_prior_awards(content, name, loaded.round.decision_date)[0]
    return None


def _with_file(
    loaded: LoadedRound, name: str, data: bytes | None
) -> tuple[tuple[str, str, bytes], ...]:
    """Return the files with one put in its place, or left out."""
    always, others = loaded.files[:_ALWAYS], loaded.files[_ALWAYS:]
    kept = [each for each in others if each[0] != name]
    if data is not None:
        kept.append((name, hashlib.sha256(data).hexdigest(), data))
    return (*always, *sorted(kept, key=lambda each: _OPTIONAL.index(each[0])))
