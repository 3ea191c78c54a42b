"""Figures of fairness become sections to read: a table, sentences, what they mean and do not mean.

Small groups get counts, never percentages. Sections name no application; ``flip_list`` does, and is
for the office alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from allocator.explain.fairness_counts import Comparison, Stratum
from allocator.explain.fairness_flip import Flip, FlipStatus, FlipTest
from allocator.explain.fairness_redecide import Fate
from allocator.explain.fairness_tests import DOUBT, Difference, Rate, Stratified, Test, rate
from allocator.explain.figures import Group, Grouping, group_label
from allocator.model import Decision, Gender
from allocator.texts import catalogue, say
from allocator.wording import (
    decimal,
    for_reading,
    money,
    package_words,
    percent,
    points,
    share_words,
)


@dataclass(frozen=True, slots=True)
class Section:
    """One part to read: sentences, and a table if ``columns`` is not empty."""

    id: str
    title: str
    text: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    means: str
    means_not: str


def funnel_section(grouping: Grouping, currency: str) -> Section:
    """Return the stages of every group of an attribute."""
    last = (grouping.unknown,) if grouping.unknown else ()
    return Section(
        id=f"funnel:{grouping.attribute}",
        title=say("fairness.funnel.title", attribute=attribute_words(grouping.attribute)),
        text=(say("fairness.funnel.overlap"),) if grouping.overlap else (),
        columns=_columns("group nominated eligible awarded interval money", currency=currency),
        rows=tuple(_funnel_row(each) for each in (*grouping.groups, grouping.known, *last)),
        means=say("fairness.funnel.means"),
        means_not=say("fairness.funnel.means-not"),
    )


def comparison_section(comparisons: tuple[Comparison, ...]) -> Section:
    """Return the comparisons by one attribute; there must be at least one."""
    text = [sentence for each in comparisons for sentence in _compared(each)]
    if len(comparisons) > 1:
        text.append(say("fairness.compare.many", count=len(comparisons)))
    name = comparisons[0].attribute
    return Section(
        id=f"compare:{name}",
        title=say("fairness.compare.title", attribute=attribute_words(name)),
        text=tuple(text),
        columns=(),
        rows=(),
        means=say("fairness.compare.means"),
        means_not=say("fairness.compare.means-not"),
    )


def bands_section(comparisons: tuple[Comparison, ...]) -> Section:
    """Return the comparisons by one attribute within merit bands."""
    first = comparisons[0]
    attribute = attribute_words(first.attribute)
    text = [say("fairness.bands.intro")]
    if first.without:
        criteria = ", ".join(first.without)
        text.append(say("fairness.bands.without", criteria=criteria, attribute=attribute))
    rows: list[tuple[str, ...]] = []
    if len(first.strata) < 2:
        text = [say("fairness.bands.none")]
    else:
        for each in comparisons:
            text += _within(each)
            rows += _band_rows(each)
    return Section(
        id=f"bands:{first.attribute}",
        title=say("fairness.bands.title", attribute=attribute),
        text=tuple(text),
        columns=_columns("band group awarded") if rows else (),
        rows=tuple(rows),
        means=say("fairness.bands.means"),
        means_not=say("fairness.bands.means-not"),
    )


def flip_section(test: FlipTest, titles: Mapping[str, str]) -> Section:
    """Return what the flip test found, in counts; ``titles`` name the clauses by path."""
    asked = sum(number for _, _, number in test.asked)
    rows = tuple(
        _flip_row(test, stated, instead, number) for stated, instead, number in test.asked if number
    )
    told = test.status in (FlipStatus.COMPLETE, FlipStatus.INCOMPLETE)
    return Section(
        id="flip",
        title=say("fairness.flip.title"),
        text=(say("fairness.flip.definition"), *_flip_text(test, asked, titles)),
        columns=_columns("stated instead asked gains loses other") if told else (),
        rows=rows if told else (),
        means=say("fairness.flip.means"),
        means_not=say("fairness.flip.means-not"),
    )


def flip_list(test: FlipTest, titles: Mapping[str, str]) -> Section:
    """Return every flip by application: for the office alone, for it reveals stated genders."""
    return Section(
        id="flip:applications",
        title=say("fairness.flip.list-title"),
        text=(),
        columns=_columns("application instead now then clause"),
        rows=tuple(
            (
                flip.application_id,
                _gender(flip.instead),
                _fate(flip.before),
                _fate(flip.after),
                ", ".join(titles[path] for path in flip.alone or ()),
            )
            for flip in test.flips
        ),
        means=say("fairness.flip.list-means"),
        means_not="",
    )


def attribute_words(name: str) -> str:
    """Return what an attribute is called."""
    return catalogue().get(f"fairness.attribute.{name}", name)


def clause_words(path: str, title: str) -> str:
    """Return what a clause is called: its kind and its title."""
    kind = path.rpartition(".")[0]
    return say(f"fairness.clause.{kind}", title=title)


def _columns(names: str, **values: str) -> tuple[str, ...]:
    return tuple(say(f"fairness.column.{name}", **values) for name in names.split())


def _funnel_row(group: Group) -> tuple[str, ...]:
    return (
        group.label,
        for_reading(str(group.nominated)),
        share_words(group.eligible, group.nominated),
        share_words(group.awarded, group.eligible),
        _interval(rate(group.awarded, group.eligible)),
        money(group.money),
    )


def _interval(each: Rate) -> str:
    if each.low is None or each.high is None:
        return say("fairness.too-few")
    return say("fairness.interval", low=_percent(each.low), high=_percent(each.high))


def _percent(share: float) -> str:
    return percent(Fraction(share))


def _number(value: float, places: int) -> str:
    return for_reading(decimal(Fraction(value), places))


def _p(value: float) -> str:
    if value < 0.001:
        return say("fairness.p.tiny")
    return say("fairness.p.exact", p=_number(value, 2 if value >= 0.1 else 3))


# --- two groups ---------------------------------------------------------------------------------


def _compared(each: Comparison) -> Iterable[str]:
    for stage, rates, found in (
        ("eligible", each.eligible, each.eligibility),
        ("awarded", each.awarded, each.awards),
    ):
        words = (share_words(one.part, one.whole) for one in rates)
        first, second = words
        shown = say(
            "fairness.rates",
            one=each.one.label,
            first=first,
            other=each.other.label,
            second=second,
        )
        sentences = [say(f"fairness.compare.{stage}", rates=shown), *_difference(found, stage)]
        yield " ".join(sentences)


def _difference(found: Difference, stage: str) -> Iterable[str]:
    if found.p is None:
        yield say("fairness.compare.no-test")
        return
    if found.share is None or found.low is None or found.high is None:
        yield say("fairness.compare.few")
    else:
        low, high = _number(100 * found.low, 1), _number(100 * found.high, 1)
        difference = _number(100 * found.share, 1)
        yield say("fairness.compare.difference", points=difference, low=low, high=high)
    fisher = "fisher" if stage == "awarded" else "fisher-eligible"
    key = fisher if found.test is Test.FISHER else "boschloo"
    yield say(f"fairness.compare.{key}", p=_p(found.p))


# --- merit bands --------------------------------------------------------------------------------


def _within(each: Comparison) -> Iterable[str]:
    within = each.within
    if within is None:
        yield say("fairness.bands.silent")
        return
    strata = "one" if within.strata == 1 else "many"
    yield " ".join(
        (
            say(
                "fairness.bands.result",
                one=each.one.label,
                other=each.other.label,
                strata=say(f"fairness.bands.strata.{strata}", n=within.strata),
                excess=_excess(within.excess),
            ),
            *_strength(within),
        )
    )
    if each.notice:
        ahead, behind = each.one.label, each.other.label
        if within.excess > 0:
            ahead, behind = behind, ahead
        yield say(
            f"fairness.bands.notice.{each.notice}",
            ahead=ahead,
            behind=behind,
            overall=_excess(each.overall.excess),
            excess=_excess(within.excess),
        )


def _excess(excess: Fraction) -> str:
    if not excess:
        return say("fairness.bands.even")
    key = "more" if excess > 0 else "fewer"
    return say(f"fairness.bands.{key}", n=for_reading(decimal(abs(excess), 1)))


def _strength(within: Stratified) -> Iterable[str]:
    if within.odds_ratio is not None and within.low is not None and within.high is not None:
        yield say(
            "fairness.bands.odds",
            odds=_number(within.odds_ratio, 2),
            low=_number(within.low, 2),
            high=_number(within.high, 2),
        )
    statistic = "" if within.statistic is None else _number(within.statistic, 2)
    yield say(f"fairness.bands.{within.test}", p=_p(within.p), statistic=statistic)
    if within.homogeneity_p is not None:
        agree = "homogeneous" if within.homogeneity_p >= DOUBT else "heterogeneous"
        yield say(f"fairness.bands.{agree}", p=_p(within.homogeneity_p))


def _band_rows(each: Comparison) -> Iterable[tuple[str, ...]]:
    for stratum in each.strata:
        table = stratum.table
        band = _band(stratum)
        yield band, each.one.label, share_words(table.part, table.whole)
        yield band, each.other.label, share_words(table.other_part, table.other_whole)


def _band(stratum: Stratum) -> str:
    low = "" if stratum.low is None else points(stratum.low)
    high = "" if stratum.high is None else points(stratum.high)
    key = "first" if not low else "middle" if high else "last"
    return say(f"fairness.bands.{key}", low=low, high=high)


# --- flip test ----------------------------------------------------------------------------------


def _flip_text(test: FlipTest, asked: int, titles: Mapping[str, str]) -> Iterable[str]:
    questions = _questions(asked)
    if test.status is FlipStatus.NO_CLAUSE:
        yield say("fairness.flip.no-clause", asked=questions)
        return
    yield say("fairness.flip.clauses", clauses=", ".join(titles[path] for path in test.clauses))
    if test.status in (FlipStatus.NOT_FINAL, FlipStatus.NEEDS_FILES):
        yield say(f"fairness.flip.{test.status.replace(' ', '-')}")
        return
    key = "some" if test.flips else "none"
    yield say(f"fairness.flip.{key}", flips=len(test.flips), asked=questions)
    alone = Counter(path for flip in test.flips for path in flip.alone or ())
    for path in test.clauses:
        if alone[path]:
            yield say("fairness.flip.by-clause", clause=titles[path], n=alone[path])
    if together := sum(flip.alone == () for flip in test.flips):
        yield say("fairness.flip.together", n=together)
    if test.unanswered:
        open_ = len(test.unanswered)
        yield say("fairness.flip.incomplete", unanswered=open_, asked=questions)
    if any(flip.alone is None for flip in test.flips):
        yield say("fairness.flip.incomplete-clause")


def _questions(asked: int) -> str:
    form = "one" if asked == 1 else "many"
    return say(f"fairness.flip.asked.{form}", n=for_reading(str(asked)))


def _flip_row(test: FlipTest, stated: Gender, instead: Gender, asked: int) -> tuple[str, ...]:
    kinds = Counter(
        _kind(flip) for flip in test.flips if (flip.stated, flip.instead) == (stated, instead)
    )
    counts = (asked, kinds["gains"], kinds["loses"], kinds["other"])
    return (_gender(stated), _gender(instead), *(for_reading(str(n)) for n in counts))


def _kind(flip: Flip) -> str:
    before, after = (fate.decision is Decision.AWARDED for fate in (flip.before, flip.after))
    return "other" if before is after else "gains" if after else "loses"


def _gender(gender: Gender) -> str:
    if gender is Gender.NOT_STATED:
        return say("outputs.not-known.gender")
    return group_label("gender", gender.value)


def _fate(fate: Fate) -> str:
    package = package_words(fate.package) if fate.package else ""
    return say(f"fairness.fate.{fate.decision or 'none'}", package=package)
