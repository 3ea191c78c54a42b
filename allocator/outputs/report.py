"""A result becomes ``report.html``: one page that needs nothing but itself.

The template lays out; the numbers come from ``figures``, the pictures from ``pictures`` and every
word from the texts. No name of a person is on the page.
"""

import base64
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from allocator import wording
from allocator.countries import display_name
from allocator.explain.fairness_record import fairness_from
from allocator.explain.figures import Aim, Figures, figures, references, rule_titles
from allocator.explain.result import DecisionLine, Promise, Result
from allocator.explain.why_words import Part, Teller, nearest, teller
from allocator.model import Application, Candidate, Cost, Ineligible
from allocator.outputs.decisions_csv import decisions_csv
from allocator.outputs.pictures import group_picture, money_picture
from allocator.outputs.policy_section import rules_in_words
from allocator.policy import promises as policy_promises
from allocator.rules import Measure
from allocator.texts import say

MOST_DECISIONS = 5000
"""Above this many applications the page shows the round as a whole, not each decision."""

MOST_EXPLAINED = 1000
"""Above this many applications the page leaves each one's full explanation to ``explain``."""

MOST_NEAREST = 10

MOST_LINES = 500
"""Longer lists of ties, estimates, refusals or problems are cut; the workbook has them whole."""

_WORDS = re.compile(r"([^\w.-]+|[.](?=\s|$))")
"""What stands between two words; a point inside an id belongs to it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One application on the page; ``place`` is its Member State and meeting in words.

    ``anchor`` is where on the page it stands; ``parts`` say why it fell as it did.
    """

    line: DecisionLine
    place: str
    candidate: Candidate | None
    refused: Ineligible | None
    anchor: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """An award whose cost is an estimate."""

    application_id: str
    cost: Cost


def report_html(result: Result) -> str:
    """Write the page.

    Parameters
    ----------
    result : Result
        One run.

    Returns
    -------
    str
        A self-contained HTML page; above ``MOST_DECISIONS`` applications without the single
        decisions.
    """
    template = _environment().get_template("report.html.j2")
    return template.render(_context(result)) + "\n"


def write_report(result: Result, path: Path) -> None:
    """Write ``report.html`` to ``path``."""
    path.write_bytes(report_html(result).encode("utf-8"))


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals |= {
        "say": say,
        "t": lambda key, **values: say(f"outputs.report.{key}", **values),
        "column": lambda name: say(f"outputs.column.{name}"),
        "number": lambda value: wording.for_reading(str(value)),
        "money": wording.money,
        "money_brief": wording.money_brief,
        "points": wording.points,
        "day": wording.day,
        "share_words": wording.share_words,
        "package_words": wording.package_words,
        "code_marks": _code_marks,
        "MOST_LINES": MOST_LINES,
    }
    return environment


def _template(name: str) -> str:
    folder = resources.files("allocator.outputs") / "templates"
    return (folder / name).read_text(encoding="utf-8")


def _code_marks(sentence: str) -> Markup:
    """Return a sentence with what stands in backquotes marked up as code."""
    parts = sentence.split("`")
    marked = [
        Markup("<code>{}</code>").format(part) if i % 2 and i < len(parts) - 1 else escape(part)
        for i, part in enumerate(parts)
    ]
    return Markup("").join(marked)


def _context(result: Result) -> dict[str, object]:
    numbers = figures(result)
    telling = teller(result)
    entries = _entries(result, telling)
    fairness = fairness_from(result)
    script = _template("report.js").strip()
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return {
        "result": result,
        "round": result.round,
        "rules": result.rules,
        "f": numbers,
        "status": _status(numbers),
        "sentences": _sentences(result, numbers),
        "money_pictures": _money_pictures(result, numbers),
        "groupings": [(each, group_picture(each, numbers)) for each in numbers.groupings],
        "aims": [_aim_row(aim, result) for aim in numbers.aims],
        "telling": telling,
        "effects": result.effects,
        "nearest": nearest(result, MOST_NEAREST),
        "reasons": {line.application_id: line.reason for line in result.lines},
        "fairness": fairness.sections() if fairness else (),
        "no_flips": fairness is None or fairness.flips is None,
        "linked": _Links(entries).linked,
        "estimates": _estimates(result),
        "estimated_in_all": sum(
            any(cost.estimated for cost in candidate.costs) for candidate in result.pool.candidates
        ),
        "unsettled": [entry for entry in entries if _unsettled(entry)],
        "refusals": _refusals(result),
        "entries": entries if len(entries) <= MOST_DECISIONS else [],
        "places": wording.places_needed(tuple(each.merit or 0 for each in result.lines)),
        "margin_places": wording.places_needed(tuple(each.margin or 0 for each in result.lines)),
        "has_margins": any(each.margin is not None for each in result.lines),
        "too_many": len(entries) > MOST_DECISIONS,
        "problems": result.problems,
        "seed": result.round.lottery_seed,
        "promises": _promises(result),
        "policy": rules_in_words(result.rules),
        "reference_titles": references(result.rules),
        "rule_titles": rule_titles(result.rules),
        "value": wording.trimmed(numbers.value, 3),
        "csv_digest": hashlib.sha256(decisions_csv(result)).hexdigest(),
        "script": script,
        "script_hash": base64.b64encode(digest).decode("ascii"),
    }


def _status(numbers: Figures) -> str:
    """Return what the banner says below "final" or "not final"."""
    if numbers.final:
        return say("outputs.report.status.final-text")
    share = ""
    if numbers.gap_share is not None:
        words = wording.trimmed(numbers.gap_share * 100, 3) + f"{wording.THIN}%"
        share = say("outputs.report.status.share", share=words)
    gap = wording.trimmed(numbers.gap, 3)
    return say("outputs.report.status.open-text", gap=gap, share=share)


def _sentences(result: Result, numbers: Figures) -> tuple[str, str, str]:
    """Return what was decided in three sentences: people, money, how good it is."""
    key = "counts" if numbers.awarded else "counts-none"
    form = "one" if numbers.awarded == 1 else "many"
    counts = say(
        f"outputs.report.decided.{key}",
        applications=wording.count_words("applications", numbers.applications),
        meetings=wording.count_words("meetings", len(result.round.meetings)),
        eligible=wording.for_reading(str(numbers.eligible)),
        awarded=say(f"outputs.report.decided.awarded-{form}", n=numbers.awarded),
        full=numbers.full,
        partial=numbers.partial,
    )
    return counts, _money_sentence(result, numbers), _best_sentence(result, numbers)


def _money_sentence(result: Result, numbers: Figures) -> str:
    key = "funds" if numbers.funds else "meetings"
    values = {"currency": result.round.currency, "spent": wording.money_brief(numbers.spent)}
    if numbers.available is None:
        return say("outputs.report.decided.money-open", **values)
    return say(
        f"outputs.report.decided.money-{key}",
        available=wording.money_brief(numbers.available),
        free=wording.money_brief(numbers.available - numbers.spent),
        **values,
    )


def _best_sentence(result: Result, numbers: Figures) -> str:
    if not numbers.final:
        return say("outputs.report.decided.best-open")
    key = "best-tied" if result.allocation.draws else "best"
    return say(f"outputs.report.decided.{key}")


def _money_pictures(result: Result, numbers: Figures) -> list[dict[str, object]]:
    currency = result.round.currency
    return [
        {"key": key, "lines": lines, "picture": money_picture(lines, currency)}
        for key, lines in (("fund", numbers.funds), ("meeting", numbers.meetings))
        if lines
    ]


def _aim_row(aim: Aim, result: Result) -> dict[str, str]:
    currency = result.round.currency
    key = "proportional" if aim.proportional else "fixed"
    short = wording.measured_words(aim.measure, aim.short, currency)
    unit = f"{currency} {wording.money_brief(aim.money_unit)}"
    return {
        "title": aim.title,
        "label": aim.label,
        "target": say(f"outputs.aims.{key}", share=wording.target_words(aim.share)),
        "reached": _reached_words(aim, currency),
        "short": say("outputs.aims.short", amount=short)
        if aim.short
        else say("outputs.aims.reached"),
        "met": "" if aim.short else "met",
        "weight": say(
            f"outputs.aims.weight.{aim.measure}",
            points=wording.points(aim.points_per),
            amount=unit,
        ),
    }


def _reached_words(aim: Aim, currency: str) -> str:
    if aim.measure is Measure.MONEY:
        part, whole = (
            wording.measured_words(aim.measure, Fraction(each), currency)
            for each in (aim.inside, aim.counted)
        )
        return say("outputs.word.of", part=part, whole=whole)
    share = wording.share_words(aim.inside, aim.counted)
    return say("outputs.aims.of-unit", share=share, unit=say(f"outputs.unit.{aim.measure}"))


def _entries(result: Result, telling: Teller) -> list[Entry]:
    candidates = {each.application.application_id: each for each in result.pool.candidates}
    refused = {each.application.application_id: each for each in result.pool.ineligible}
    explained = len(result.lines) <= MOST_EXPLAINED
    entries = []
    for place_on_page, line in enumerate(result.lines, start=1):
        candidate = candidates.get(line.application_id)
        out = refused.get(line.application_id)
        known = candidate or out
        place = _place(known.application) if known else ""
        parts = telling.parts(line.application_id) if explained else ()
        entries.append(Entry(line, place, candidate, out, f"a-{place_on_page}", parts))
    return entries


class _Links:
    """Turns the application ids of a sentence into links to where they stand on the page."""

    def __init__(self, entries: list[Entry]):
        shown = entries if len(entries) <= MOST_DECISIONS else []
        self.anchors = {entry.line.application_id: entry.anchor for entry in shown}

    def linked(self, sentence: str) -> Markup:
        """Return a sentence marked up; only ids that stand as words of their own are linked."""
        found = (self._word(word) for word in _WORDS.split(_code_marks(sentence)))
        return Markup("").join(found)

    def _word(self, word: str) -> Markup:
        anchor = self.anchors.get(word)
        if anchor is None:
            return Markup(word)
        return Markup('<a href="#{}">{}</a>').format(anchor, word)


def _place(application: Application) -> str:
    return f"{display_name(application.administration)} · {application.meeting}"


def _unsettled(entry: Entry) -> tuple[str, ...]:
    known = entry.candidate or entry.refused
    return known.unsettled if known else ()


def _estimates(result: Result) -> list[Estimate]:
    """Return the awards whose package has an estimated cost, by application id."""
    awards = {award.application_id: award.package for award in result.allocation.awards}
    return [
        Estimate(candidate.application.application_id, cost)
        for candidate in result.pool.candidates
        for cost in candidate.costs
        if cost.estimated and awards.get(candidate.application.application_id) is cost.package
    ]


def _promises(result: Result) -> list[Promise]:
    """Return the promises of this run, then those that follow from the policy alone."""
    dearest = max((c.amount for each in result.pool.candidates for c in each.costs), default=0)
    given = {promise.id for promise in result.promises}
    from_policy = (
        Promise(each.id, each.title, each.holds, f"{each.text} {each.remedy}".strip())
        for each in policy_promises(result.rules, dearest)
        if each.id not in given
    )
    return [*result.promises, *from_policy]


def _refusals(result: Result) -> list[tuple[str, int]]:
    """Return how many applications each eligibility rule refused, in the policy's order."""
    titles = rule_titles(result.rules)
    counts = Counter(
        rule
        for each in result.pool.ineligible
        for rule in sorted({finding.rule for finding in each.findings})
    )
    return [
        (titles.get(rule, rule), count)
        for rule, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
