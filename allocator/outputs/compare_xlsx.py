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
    package = (
        outcome.package.value if outcome.decision is Decision.AWARDED and outcome.package else ""
    )
    return say(f"compare.outcome.{outcome.decision}", package=package)


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
        yield _label(comparison, group), tuple(_reached(comparison, side, group) for side in sides)
    for kind in (Moved.GAINS, Moved.LOSES, Moved.PACKAGE):
        counts = (str(side.count(kind)) for side in sides[1:])
        yield say(f"compare.{kind}"), (say("compare.nothing"), *counts)


def _points(thousandths: Fraction) -> str:
    return trimmed(thousandths / POINT, 3)


def _targets(comparison: Comparison, group: Standing) -> tuple[Fraction | None, ...]:
    """Return the targets that the sides have for a group, each once."""
    found = (side.standing(group.key) for side in comparison.sides)
    return tuple(dict.fromkeys(each.target for each in found if each and each.target is not None))


def _label(comparison: Comparison, group: Standing) -> str:
    """Return a group's name, with its target where all sides have the same."""
    targets = _targets(comparison, group)
    if len(targets) == 1 and targets[0] is not None:
        return say("compare.target", label=group.label, target=target_words(targets[0]))
    return group.label


def _reached(comparison: Comparison, side: Side, group: Standing) -> str:
    found = side.standing(group.key)
    if found is None:
        return say("compare.nothing")
    if found.target is None or len(_targets(comparison, group)) == 1:
        return found.part.words
    target = target_words(found.target)
    return say("compare.target", label=found.part.words, target=target)
