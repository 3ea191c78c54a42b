"""A result becomes ``decisions.xlsx``, the officer's workbook.

Names of people stand on its first sheet only, and only if the applications file gave them; the
sheet says so. ``decisions.csv`` and ``report.html`` hold none.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from allocator.explain.figures import (
    Figures,
    Grouping,
    Money,
    attribute,
    everybody,
    figures,
    references,
    rule_titles,
)
from allocator.explain.result import DecisionLine, Result
from allocator.model import POINT, Application, Candidate, Cost
from allocator.outputs.policy_section import rules_in_words
from allocator.outputs.workbook import Book, Cell, Field, Sheet, field
from allocator.texts import say
from allocator.wording import (
    measured_words,
    package_words,
    points,
    share_words,
    target_words,
)


def write_decisions_xlsx(result: Result, path: Path) -> None:
    """Write the workbook: decisions, summary, merit, ineligible, ties, problems, policy.

    Parameters
    ----------
    result : Result
        One run.
    path : Path
        The file to write; the same result gives the same bytes.
    """
    book = Book(path, result.round.title, result.round.decision_date)
    numbers = figures(result)
    _decisions(book.sheet("decisions"), result, numbers)
    _summary(book.sheet("summary"), result, numbers)
    _merit(book.sheet("merit"), result)
    _ineligible(book.sheet("ineligible"), result)
    _ties(book.sheet("ties"), result)
    _problems(book.sheet("problems"), result)
    _policy(book.sheet("policy"), result)
    book.close()


def _decisions(sheet: Sheet, result: Result, numbers: Figures) -> None:
    applications = {e.application.application_id: e.application for e in everybody(result.pool)}
    regions = {
        each.application.application_id: ", ".join(attribute(each, "region"))
        for each in everybody(result.pool)
    }
    named = any(a.family_name or a.given_name for a in applications.values())
    sheet.line(result.round.title, "title")
    if not numbers.final:
        sheet.line(say("outputs.sheet.not-final"), "alert")
    if named:
        sheet.line(say("outputs.sheet.personal"), "alert")
    names = [field("family_name", width=18), field("given_name", width=18)] if named else []
    fields = [
        field("application", width=16),
        *names,
        field("administration", width=16),
        field("meeting", width=16),
        field("region", width=16),
        field("gender", width=12),
        field("decision", "word", 12),
        field("package", width=10),
        field("fund", width=22),
        field("amount", "money", 13),
        field("currency", width=9),
        field("merit", "points", 10),
        field("margin", "points", 10),
        field("reason_code", width=20),
        field("reason", "long", 80),
    ]
    sheet.main_table(
        fields,
        (
            _decision_row(line, applications[line.application_id], regions, named)
            for line in result.lines
        ),
    )


def _decision_row(
    line: DecisionLine, application: Application, regions: dict[str, str], named: bool
) -> Sequence[Cell]:
    names = (application.family_name, application.given_name) if named else ()
    return (
        line.application_id,
        *names,
        application.administration,
        application.meeting,
        regions[line.application_id],
        application.gender.value,
        line.decision.value,
        line.package.value if line.package else "",
        line.fund,
        Fraction(line.amount, 100),
        line.currency,
        None if line.merit is None else Fraction(line.merit, POINT),
        None if line.margin is None else Fraction(line.margin, POINT),
        line.reason_code,
        line.reason,
    )


def _summary(sheet: Sheet, result: Result, numbers: Figures) -> None:
    sheet.widths(38, 18, 18, 18, 22, 22, 22, 22)
    sheet.printed()
    sheet.line(result.round.title, "title")
    if not numbers.final:
        sheet.line(say("outputs.sheet.not-final"), "alert")
    sheet.line(say("outputs.sheet.currency", currency=result.round.currency))
    sheet.line("")
    for key, lines in (("fund", numbers.funds), ("meeting", numbers.meetings)):
        if lines:
            _money(sheet, key, lines)
    for grouping in numbers.groupings:
        _grouping(sheet, grouping)
    if numbers.aims:
        _aims(sheet, result, numbers)


def _money(sheet: Sheet, key: str, lines: tuple[Money, ...]) -> None:
    sheet.line(say(f"outputs.money.by-{key}"), "strong")
    sheet.table(
        [
            field(key),
            field("awards", "count"),
            field("spent", "money"),
            field("free", "money"),
            field("limit", "money"),
        ],
        (
            (each.title, each.awards, _francs(each.spent), _francs(each.free), _francs(each.limit))
            for each in lines
        ),
    )


def _francs(amount: int | None) -> Fraction | None:
    return None if amount is None else Fraction(amount, 100)


def _grouping(sheet: Sheet, grouping: Grouping) -> None:
    sheet.line(say(f"outputs.groups.{grouping.attribute}.title"), "strong")
    if grouping.overlap:
        sheet.line(say("outputs.groups.overlap"))
    known = grouping.known
    rows: list[Sequence[Cell]] = [
        (
            group.label,
            group.nominated,
            group.eligible,
            group.awarded,
            share_words(group.eligible, known.eligible),
            share_words(group.awarded, known.awarded),
            share_words(group.awarded, group.eligible),
            _francs(group.money),
        )
        for group in grouping.groups
    ]
    for group in (known, *([grouping.unknown] if grouping.unknown else [])):
        rate = share_words(group.awarded, group.eligible)
        counts = (group.nominated, group.eligible, group.awarded)
        rows.append((group.label, *counts, "", "", rate, _francs(group.money)))
    sheet.table(
        [
            field(grouping.attribute),
            field("nominated", "count"),
            field("eligible", "count"),
            field("awarded", "count"),
            field("share-of-pool"),
            field("share-of-awards"),
            field("rate"),
            field("money", "money"),
        ],
        rows,
    )


def _aims(sheet: Sheet, result: Result, numbers: Figures) -> None:
    sheet.line(say("outputs.aims.title"), "strong")
    currency = result.round.currency
    sheet.table(
        [
            field("aim"),
            field("group"),
            field("target"),
            field("counted"),
            field("inside"),
            field("short"),
            field("weight"),
        ],
        (
            (
                aim.title,
                aim.label,
                target_words(aim.share),
                measured_words(aim.measure, Fraction(aim.counted), currency),
                measured_words(aim.measure, Fraction(aim.inside), currency),
                measured_words(aim.measure, aim.short, currency),
                points(aim.points_per),
            )
            for aim in numbers.aims
        ),
    )


def _merit(sheet: Sheet, result: Result) -> None:
    """Write a row per eligible application: the points of each criterion, and their sum."""
    criteria: dict[str, str] = {}
    for candidate in result.pool.candidates:
        for line in candidate.breakdown:
            criteria.setdefault(line.criterion, line.title)
    fields = [
        field("application", width=16),
        *(Field(title, "points", 14) for title in criteria.values()),
        field("merit", "points", 12),
        field("costs", "long", 48),
    ]
    sheet.line(say("outputs.sheet.merit-note"))
    sheet.main_table(fields, (_merit_row(each, criteria) for each in result.pool.candidates))


def _merit_row(candidate: Candidate, criteria: dict[str, str]) -> Sequence[Cell]:
    given = {line.criterion: Fraction(line.points, POINT) for line in candidate.breakdown}
    return (
        candidate.application.application_id,
        *(given.get(criterion) for criterion in criteria),
        Fraction(candidate.merit, POINT),
        "; ".join(_cost_words(cost) for cost in candidate.costs),
    )


def _cost_words(cost: Cost) -> str:
    return f"{package_words(cost.package)}: {cost.how}"


def _ineligible(sheet: Sheet, result: Result) -> None:
    titles, rules = references(result.rules), rule_titles(result.rules)

    def rows() -> Iterator[Sequence[Cell]]:
        for each in result.pool.ineligible:
            for finding in each.findings:
                reference = titles.get(finding.reference or "", finding.reference)
                yield (
                    each.application.application_id,
                    rules.get(finding.rule, finding.rule),
                    reference,
                    finding.text,
                    "; ".join(each.unsettled),
                )

    fields = [
        field("application", width=16),
        field("rule", width=24),
        field("reference", "long", 40),
        field("fact", "long", 70),
        field("unsettled", "long", 40),
    ]
    sheet.main_table(fields, rows())


def _ties(sheet: Sheet, result: Result) -> None:
    draws = result.allocation.draws
    sheet.line(say("outputs.ties.how", seed=result.round.lottery_seed))
    sheet.main_table(
        [
            field("position", "count", 10),
            field("application", width=16),
            field("outcome", width=20),
            field("key", width=70),
        ],
        (
            (
                draw.position,
                draw.application_id,
                package_words(draw.package) if draw.package else say("outputs.word.nothing"),
                draw.key,
            )
            for draw in draws
        ),
    )


def _problems(sheet: Sheet, result: Result) -> None:
    sheet.main_table(
        [
            field("severity", "word", 11),
            field("where", "long", 36),
            field("value", "long", 24),
            field("what", "long", 60),
            field("do", "long", 60),
        ],
        (
            (each.severity.value, str(each.where), each.value, each.what, each.do)
            for each in result.problems
        ),
    )


def _policy(sheet: Sheet, result: Result) -> None:
    sheet.widths(120)
    sheet.printed()
    rules = result.rules
    sheet.line(rules.title, "title")
    sheet.line(say("outputs.policy.which", id=rules.policy_id, version=rules.version))
    for section in rules_in_words(rules):
        sheet.line("")
        sheet.line(section.title, "strong")
        for sentence in section.sentences:
            sheet.line(sentence, "long")
