"""A comparison of policies becomes tables of words, for the terminal and for a workbook alike."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from allocator.explain.compare_policies import Comparison, Side, Standing
from allocator.explain.moves import Moved, Outcome
from allocator.model import POINT, Decision
from allocator.outputs.workbook import Book, Field
from allocator.texts import say
from allocator.wording import money, target_words, trimmed

type Row = tuple[str, ...]


def headers(comparison: Comparison) -> Row:
    """Return the names of the sides, the first column's left blank."""
    return ("", *(side.name for side in comparison.sides))


def figure_rows(comparison: Comparison) -> tuple[Row, ...]:
    """Return one row per figure: what it is, then its value on every side."""
    return tuple((label, *values) for label, values in _figures(comparison))


def move_rows(comparison: Comparison) -> tuple[Row, ...]:
    """Return one row per application that any side decides otherwise than the first."""
    moved = [{each.application_id: each for each in side.moves} for side in comparison.sides]
    rows = []
    for application in comparison.moved():
        before = next(each[application].before for each in moved if application in each)
        outcomes = (each[application].after if application in each else before for each in moved)
        rows.append((application, *map(outcome_words, outcomes)))
    return tuple(rows)


def write_compare_xlsx(comparison: Comparison, path: Path) -> None:
    """Write a comparison as a workbook: the figures, and who moves.

    Parameters
    ----------
    comparison : Comparison
        The same comparison gives the same bytes.
    path : Path
        The file to write.
    """
    book = Book(path, comparison.title, comparison.on)
    for key, rows in (("compare", figure_rows), ("compare-moves", move_rows)):
        sheet = book.sheet(key)
        sheet.line(comparison.title, "title")
        sheet.line(say("compare.note", currency=comparison.currency))
        first = say("compare.figure" if key == "compare" else "compare.application")
        names = (first, *(side.name for side in comparison.sides))
        fields = [Field(name, "text", 44 if at == 0 else 26) for at, name in enumerate(names)]
        sheet.main_table(fields, rows(comparison))
    book.close()


def outcome_words(outcome: Outcome) -> str:
    """Return what became of an application, in a word or two."""
    if outcome.decision is Decision.AWARDED and outcome.package:
        return say(f"compare.outcome.{outcome.package}")
    return say(f"compare.outcome.{outcome.decision}")


def _figures(comparison: Comparison) -> Iterator[tuple[str, Row]]:
    sides, first = comparison.sides, comparison.sides[0]
    for name in ("eligible", "awarded", "full", "partial"):
        key = "awards" if name == "awarded" else name
        yield say(f"compare.{key}"), tuple(str(getattr(side, name)) for side in sides)
    label = say("compare.spent", currency=comparison.currency)
    yield label, tuple(money(side.spent) for side in sides)
    label = say("compare.merit-by-first", first=first.name)
    yield label, tuple(_points(side.merit_by_first) for side in sides)
    yield say("compare.merit"), tuple(_points(side.merit) for side in sides)
    yield say("compare.worth"), tuple(_points(side.objective) for side in sides)
    for group in comparison.groups():
        yield from _group(sides, group)
    for kind in (Moved.GAINS, Moved.LOSES, Moved.PACKAGE):
        counts = (str(side.count(kind)) for side in sides[1:])
        yield say(f"compare.{kind}"), (say("compare.nothing"), *counts)


def _points(thousandths: Fraction) -> str:
    return trimmed(thousandths / POINT, 3)


def _group(sides: tuple[Side, ...], group: Standing) -> Iterator[tuple[str, Row]]:
    """Yield a group's part on every side; its target in the label, or below where they differ."""
    targets = [_target(side, group) for side in sides]
    own = tuple(dict.fromkeys(filter(None, targets)))
    label = group.label
    if len(own) == 1:
        label = say("compare.target", label=label, target=own[0])
    yield label, tuple(_reached(side, group) for side in sides)
    if len(own) > 1:
        nothing = say("compare.nothing")
        yield say("compare.targets", label=label), tuple(each or nothing for each in targets)


def _target(side: Side, group: Standing) -> str:
    """Return the target that a side has for a group, in words; empty if it has none."""
    found = side.standing(group.key)
    return "" if found is None or found.target is None else target_words(found.target)


def _reached(side: Side, group: Standing) -> str:
    found = side.standing(group.key)
    return say("compare.nothing") if found is None else found.part.words
