"""Figures become the page's pictures: bars with their words, ready to be laid out."""

from dataclasses import dataclass
from fractions import Fraction

from markupsafe import Markup

from allocator.explain.figures import Aim, Figures, Group, Grouping, Money
from allocator.intake.values import fold
from allocator.outputs.charts import Part, bullet_bar, stacked_bar, swatch
from allocator.texts import say
from allocator.wording import money, share_words, target_words


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a picture: its name, the figure in words, the drawing."""

    name: str
    words: str
    drawing: Markup


@dataclass(frozen=True, slots=True)
class Picture:
    """Bars under one legend, a legend entry being a sample and its words."""

    legend: tuple[tuple[Markup, str], ...]
    bars: tuple[Bar, ...]


def money_picture(lines: tuple[Money, ...], currency: str) -> Picture:
    """Draw money awarded and free, all bars on one scale so that they compare."""
    longest = max((max(each.limit or 0, each.spent) for each in lines), default=0)
    legend = (
        (swatch("s1"), say("outputs.money.spent")),
        (swatch("free"), say("outputs.money.free")),
    )
    return Picture(legend, tuple(_money_bar(each, longest, currency) for each in lines if longest))


def _money_bar(line: Money, longest: int, currency: str) -> Bar:
    spent = Part("s1", Fraction(line.spent, longest))
    values = {"title": line.title, "currency": currency, "spent": money(line.spent)}
    if line.limit is None or line.free is None:
        words = say("outputs.money.picture-open", **values)
        return Bar(line.title, money(line.spent), stacked_bar((spent,), words))
    limit, free = money(line.limit), money(line.free)
    words = say("outputs.money.picture", limit=limit, free=free, **values)
    parts = (spent, Part("free", Fraction(line.free, longest)))
    return Bar(
        line.title,
        say("outputs.money.bar", spent=money(line.spent), limit=limit),
        stacked_bar(parts, words),
    )


def group_picture(grouping: Grouping, numbers: Figures) -> Picture:
    """Draw how groups fared: gender stage by stage, other attributes group by group."""
    aims = {fold(aim.value): aim for aim in numbers.aims if aim.attribute == grouping.attribute}
    if grouping.attribute == "gender":
        return _stages(grouping, aims)
    return _bullets(grouping, aims)


def _stages(grouping: Grouping, aims: dict[str, Aim]) -> Picture:
    """Draw nominated, eligible and awarded as bars cut by group, the aimed group first.

    The group with a target starts at the left edge, so that its share ends at the target line
    when the target is met. With targets for several groups only the first one's line is drawn.
    """
    order = sorted(grouping.groups, key=lambda group: fold(group.value) not in aims)
    series = {group.value: f"s{i % 4 + 1}" for i, group in enumerate(grouping.groups)}
    aim = aims.get(fold(order[0].value)) if order else None
    legend = [(swatch(series[group.value]), group.label) for group in grouping.groups]
    if aim:
        legend.append((swatch("target"), _target_words(order[0], aim)))
    bars = []
    for stage in ("nominated", "eligible", "awarded"):
        whole = getattr(grouping.known, stage)
        if not whole:
            continue
        counts = [(group, getattr(group, stage)) for group in order]
        words = ", ".join(
            say("outputs.groups.part", label=group.label, share=share_words(count, whole))
            for group, count in counts
        )
        name = say(f"outputs.column.{stage}")
        parts = tuple(Part(series[group.value], Fraction(count, whole)) for group, count in counts)
        line = aim.share if aim and stage == "awarded" else None
        told = say("outputs.groups.stage", stage=name, parts=words)
        if aim and line is not None:
            told += f"; {_target_words(order[0], aim)}"
        bars.append(Bar(name, words, stacked_bar(parts, told, line)))
    return Picture(tuple(legend), tuple(bars))


def _target_words(group: Group, aim: Aim) -> str:
    return say("outputs.groups.stage-target", label=group.label, target=target_words(aim.share))


def _bullets(grouping: Grouping, aims: dict[str, Aim]) -> Picture:
    known = grouping.known
    if not known.awarded:
        return Picture((), ())
    legend = [
        (swatch("s1"), say("outputs.groups.awards")),
        (swatch("pool"), say("outputs.groups.pool")),
    ]
    if aims:
        legend.append((swatch("target"), say("outputs.groups.target")))
    bars = []
    for group in grouping.groups:
        awards = share_words(group.awarded, known.awarded)
        pool = share_words(group.eligible, known.eligible)
        aim = aims.get(fold(group.value))
        words = say("outputs.groups.bullet", label=group.label, awards=awards, pool=pool)
        if aim:
            words += say("outputs.groups.bullet-target", target=target_words(aim.share))
        drawing = bullet_bar(
            Fraction(group.awarded, known.awarded),
            Fraction(group.eligible, known.eligible),
            words,
            aim.share if aim else None,
        )
        bars.append(Bar(group.label, awards, drawing))
    return Picture(tuple(legend), tuple(bars))
