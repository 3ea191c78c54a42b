"""How groups fared in a round, and what another stated gender would have changed.

Nothing is decided here. What each figure means and does not mean stands beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from fractions import Fraction

from allocator.errors import AllocatorError, problem
from allocator.explain.fairness_clauses import Law, gender_clauses
from allocator.explain.fairness_counts import Comparison, comparisons, grouping
from allocator.explain.fairness_flip import FlipTest, Told, flip_test
from allocator.explain.fairness_words import (
    Section,
    bands_section,
    clause_words,
    comparison_section,
    flip_list,
    flip_section,
    funnel_section,
)
from allocator.explain.figures import GROUPINGS, Grouping
from allocator.explain.result import Result
from allocator.intake.folder import LoadedRound
from allocator.intake.groups import attribute_name

DIGITS = 6
"""Decimals of a figure in the machine-readable form: what every machine agrees on."""

type Json = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


@dataclass(frozen=True, slots=True)
class Fairness:
    """Everything on how groups fared; ``money`` in minor units of ``currency``.

    Nothing is suppressed: this is for the office and the record. What is published must merge or
    leave out groups of fewer people than the office's threshold.

    ``comparisons`` are in the order of ``funnel``. ``titles`` name the clauses that look at gender,
    by path. ``flips`` is ``None`` where the flip test was not asked for.
    """

    round_id: str
    policy_id: str
    currency: str
    funnel: tuple[Grouping, ...]
    comparisons: tuple[Comparison, ...]
    titles: tuple[tuple[str, str], ...]
    flips: FlipTest | None

    def sections(self, *, applications: bool = False) -> tuple[Section, ...]:
        """Return what there is to read.

        Parameters
        ----------
        applications : bool
            Whether to list the flips by application. The list reveals stated genders: for the
            office alone, never in what is published.
        """
        found: list[Section] = []
        for each in self.funnel:
            found.append(funnel_section(each, self.currency))
            compared = tuple(c for c in self.comparisons if c.attribute == each.attribute)
            if compared:
                found += [comparison_section(compared), bands_section(compared)]
        if self.flips is not None:
            found.append(flip_section(self.flips, dict(self.titles)))
            if applications and self.flips.flips:
                found.append(flip_list(self.flips, dict(self.titles)))
        return tuple(found)

    def as_json(self, *, applications: bool = False) -> dict[str, Json]:
        """Return the machine-readable form; ``applications`` as for ``sections``.

        Figures that are no integers have ``DIGITS`` decimals; a fraction is such a figure too.
        """
        flips = _plain(self.flips)
        if isinstance(flips, dict) and self.flips is not None and not applications:
            del flips["flips"], flips["unanswered"]
            flips["differing"] = len(self.flips.flips)
            flips["open"] = len(self.flips.unanswered)
        return {
            "round": self.round_id,
            "policy": self.policy_id,
            "currency": self.currency,
            "funnel": _plain(self.funnel),
            "comparisons": _plain(self.comparisons),
            "titles": dict(self.titles),
            "flips": flips,
        }


def fairness_of(
    result: Result,
    *,
    flips: bool,
    processes: int | None = None,
    loaded: LoadedRound | None = None,
    time_limit: float | None = None,
    attributes: Sequence[str] = GROUPINGS,
    told: Told | None = None,
) -> Fairness:
    """Return how groups fared in a result.

    Parameters
    ----------
    result : Result
        A run.
    flips : bool
        Whether to ask for every application what another stated gender would have changed.
    processes : int, optional
        For the flip test: how many to use; 1 under Streamlit. By default as many as are worth it.
    loaded : LoadedRound, optional
        The round as read; the flip test needs it where eligibility looks at gender.
    time_limit : float, optional
        Seconds for the flip test; if they do not suffice it is marked incomplete.
    attributes : sequence of str
        By what to group: gender, region, country group, or any column of the file.
    told : callable, optional
        Told how far the flip test is.

    Raises
    ------
    AllocatorError
        ``fairness-no-group`` for an attribute that tells single people apart.
    """
    names = list(dict.fromkeys(attribute_name(each) for each in attributes))
    for name in names:
        if name in ("application", "person"):
            raise AllocatorError(problem("fairness-no-group", value=name))
    test = None
    if flips:
        test = flip_test(
            result, loaded=loaded, processes=processes, time_limit=time_limit, told=told
        )
    return Fairness(
        round_id=result.round.id,
        policy_id=result.rules.policy_id,
        currency=result.round.currency,
        funnel=tuple(grouping(result, name) for name in names),
        comparisons=tuple(each for name in names for each in comparisons(result, name)),
        titles=clause_titles(result),
        flips=test,
    )


def clause_titles(result: Result) -> tuple[tuple[str, str], ...]:
    """Return the words for every clause that looks at gender."""
    rules = result.rules
    named: Mapping[str, str] = {
        **{f"eligibility.{e.id}": e.title for e in rules.eligibility},
        **{f"limits.floors.{b.id}": b.title or b.id for b in rules.floors},
        **{f"limits.caps.{b.id}": b.title or b.id for b in rules.caps},
        **{f"merit.criteria.{c.id}": c.title for c in rules.criteria},
        **{f"balance.{b.id}": b.title for b in rules.balance},
        **{f"funds.{f.id}": f.title for f in result.round.funds},
    }
    clauses = gender_clauses(Law(result.round, rules))
    return tuple((path, clause_words(path, named[path])) for path in clauses)


def _plain(value: object) -> Json:
    """Return plain data of frozen data."""
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | Fraction):
        return round(float(value), DIGITS)
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    raise TypeError(f"no plain form of {type(value).__name__}")
