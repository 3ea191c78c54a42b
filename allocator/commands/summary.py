"""A result in brief: what a person sees after a run, and the machine-readable form of it."""

from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

from allocator.commands.answer import Block, Heading, Table, Text, problem_data
from allocator.explain.figures import Aim, Figures, Grouping, Money, figures
from allocator.explain.result import DecisionLine, Result
from allocator.model import Severity
from allocator.rules import Measure
from allocator.texts import say
from allocator.wording import (
    count_words,
    decimal,
    measured_words,
    money,
    percent,
    plain_money,
    plain_points,
    share_words,
    target_words,
    trimmed,
)


def result_blocks(result: Result, files: tuple[Path, ...], folder: Path) -> tuple[Block, ...]:
    """Return a result in words: the funnel, the money, the aims, what is proven, the files."""
    found = figures(result)
    return (
        Heading(result.round.title),
        Text(_funnel(found)),
        *_money_blocks(found, result.round.currency),
        *_aim_blocks(found, result.round.currency),
        *(
            block
            for each in found.groupings
            if each.attribute == "gender"
            for block in _group(each)
        ),
        Heading(say("cli.run.quality")),
        Text("\n".join(_quality(result, found, folder))),
        *file_blocks(files),
    )


def file_blocks(files: tuple[Path, ...]) -> tuple[Block, ...]:
    """Return the list of files, each with what it is for."""
    rows = tuple((str(file), say(f"cli.file.{file.name.replace('.', '-')}")) for file in files)
    return (Heading(say("cli.run.files")), Table((say("cli.word.file"), say("cli.word.for")), rows))


def result_data(result: Result, files: tuple[Path, ...]) -> dict[str, Any]:
    """Return a result as JSON: amounts with two decimals and points with three, as text."""
    found = figures(result)
    return {
        "round": result.round.id,
        "policy": result.rules.policy_id,
        "currency": result.round.currency,
        "status": result.allocation.status.value,
        "applications": found.applications,
        "eligible": found.eligible,
        "ineligible": found.ineligible,
        "awarded": found.awarded,
        "declined": found.declined,
        "spent": plain_money(found.spent),
        "available": None if found.available is None else plain_money(found.available),
        "value_points": decimal(found.value, 3),
        "gap_points": decimal(found.gap, 3),
        "tied": [draw.application_id for draw in result.allocation.draws],
        "aims": [_aim_data(aim) for aim in found.aims],
        "promises": [
            {"id": each.id, "holds": each.holds, "text": each.text} for each in result.promises
        ],
        "decisions": [_line_data(line) for line in result.lines],
        "problems": problem_data(result.problems),
        "files": [str(file) for file in files],
    }


def _funnel(found: Figures) -> str:
    return say(
        "cli.run.funnel",
        applications=count_words("applications", found.applications),
        eligible=found.eligible,
        awarded=count_words("awards", found.awarded),
        full=found.full,
        partial=found.partial,
        declined=found.declined,
        ineligible=found.ineligible,
    )


def _money_blocks(found: Figures, currency: str) -> tuple[Block, ...]:
    lines = [_money_row("fund", each) for each in found.funds]
    if not lines or len(found.meetings) > 1:
        lines += [_money_row("meeting", each) for each in found.meetings]
    headers = (
        say("cli.word.pays"),
        say("cli.word.awards"),
        say("cli.word.spent", currency=currency),
        say("cli.word.limit", currency=currency),
        say("cli.word.used"),
    )
    return (Heading(say("cli.run.money")), Table(headers, tuple(lines), frozenset({1, 2, 3, 4})))


def _money_row(kind: str, each: Money) -> tuple[str, ...]:
    limit = say("cli.word.none") if each.limit is None else money(each.limit)
    used = percent(Fraction(each.spent, each.limit)) if each.limit else ""
    title = each.title if kind == "fund" else say("cli.run.meeting", id=each.id)
    return (title, str(each.awards), money(each.spent), limit, used)


def _aim_blocks(found: Figures, currency: str) -> tuple[Block, ...]:
    if not found.aims:
        return ()
    headers = tuple(say(f"cli.word.{word}") for word in ("aim", "target", "reached", "missing"))
    rows = tuple(
        (
            aim.name,
            target_words(aim.share),
            _reached(aim),
            _short(aim, currency),
        )
        for aim in found.aims
    )
    return (Heading(say("cli.run.aims")), Table(headers, rows, frozenset({1, 2, 3})))


def _short(aim: Aim, currency: str) -> str:
    if not aim.counted:
        return say("cli.word.nothing")
    if not aim.short:
        return say("outputs.aims.reached")
    return measured_words(aim.measure, aim.short, currency)


def _reached(aim: Aim) -> str:
    if aim.measure is Measure.MONEY:
        return percent(Fraction(aim.inside, aim.counted)) if aim.counted else "-"
    return share_words(aim.inside, aim.counted)


def _group(grouping: Grouping) -> tuple[Block, ...]:
    """Return how each gender fared from nomination to award."""
    words = ("group", "applied", "eligible", "awarded")
    everybody = (*grouping.groups, *((grouping.unknown,) if grouping.unknown else ()))
    rows = tuple(
        (each.label, str(each.nominated), str(each.eligible), str(each.awarded))
        for each in everybody
    )
    headers = tuple(say(f"cli.word.{word}") for word in words)
    return (Heading(say("cli.run.gender")), Table(headers, rows, frozenset({1, 2, 3})))


def _quality(result: Result, found: Figures, folder: Path) -> list[str]:
    """Return what is proven, who was tied, which promise does not hold, what wants a look."""
    lines = [_certainty(found)]
    if not found.awarded:
        key = "nothing-fits" if found.eligible else "nobody-eligible"
        lines.append(say(f"cli.run.{key}", folder=folder))
    if draws := len(result.allocation.draws):
        lines.append(say("cli.run.tied", count=count_words("applications", draws)))
    broken = [each for each in result.promises if not each.holds]
    lines += [say("cli.run.promise", title=each.title, text=each.text) for each in broken]
    warnings = sum(each.severity is Severity.WARNING for each in result.problems)
    if warnings:
        lines.append(say("cli.run.warnings", n=warnings, folder=folder))
    return lines


def _certainty(found: Figures) -> str:
    value = trimmed(found.value)
    if found.final:
        return say("cli.run.optimal", value=value)
    if not found.gap:
        return say("cli.run.not-drawn", value=value)
    at_most = Fraction(ceil(found.gap * 100), 100)
    return say("cli.run.not-final", value=value, gap=trimmed(at_most))


def _aim_data(aim: Aim) -> dict[str, Any]:
    return {
        "clause": aim.clause,
        "name": aim.name,
        "title": aim.title,
        "group": aim.label,
        "target": str(aim.share),
        "measure": aim.measure.value,
        "counted": aim.counted,
        "inside": aim.inside,
        "short": decimal(aim.short, 3),
    }


def _line_data(line: DecisionLine) -> dict[str, Any]:
    return {
        "application_id": line.application_id,
        "decision": line.decision.value,
        "package": line.package.value if line.package else None,
        "fund": line.fund,
        "amount": plain_money(line.amount),
        "currency": line.currency,
        "merit": None if line.merit is None else plain_points(line.merit),
        "margin": None if line.margin is None else plain_points(line.margin),
        "reason_code": line.reason_code,
        "reason": line.reason,
    }
