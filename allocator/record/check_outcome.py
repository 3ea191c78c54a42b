"""What came out is held together: worth, lottery, draws and decisions agree with one another."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from allocator.record.check_book import Award, Book, counted, number
from allocator.record.check_container import Opened
from allocator.record.check_report import Refused, Unchecked, demand_fields, demand_none, safe, same
from allocator.record.check_rules import awards_of, cents
from allocator.texts import say

PUBLISHED = "decisions.csv"
OPTIMAL, NOT_FINAL = "optimal", "not final"
HEADER = (
    *("application_id", "decision", "package", "fund", "amount", "currency"),
    *("merit", "margin", "reason_code", "reason"),
)
RESULT = (
    *("awards", "bound", "decisions", "draws", "objective", "problems", "promises"),
    *("status", "values"),
)
OVERRIDE_CODES = {
    ("floors", "override"): "awarded-by-override",
    ("floors", "kept"): "kept",
    ("caps", "override"): "override",
    ("caps", "withdrawn"): "withdrawn",
}
"""The reason code of an application with an override, which is a floor or a cap on it alone."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def look_at_pool(record: Opened) -> str:
    """Check that every application was judged once, and that merit is the sum of its lines."""
    pool, written = record.plain("pool.json"), record.plain("applications.json")["applications"]
    judged = [*pool["candidates"], *pool["ineligible"]]
    by_id = {each["application"]["application_id"]: each["application"] for each in judged}
    ids = [each["application_id"] for each in written]
    if len(by_id) != len(judged) or sorted(by_id) != sorted(ids):
        raise Refused(say("verify.pool.other"))
    demand_none(_of_pool(pool, {each["application_id"]: each for each in written}, by_id))
    return say(
        "verify.pool.figure",
        applications=len(ids),
        eligible=len(pool["candidates"]),
        ineligible=len(pool["ineligible"]),
    )


def _of_pool(pool: dict[str, Any], written: dict[str, Any], by_id: dict[str, Any]) -> Iterator[str]:
    for application, about in by_id.items():
        if not same(about, written[application]):
            yield say("verify.pool.changed", application=safe(application))
    for each in pool["candidates"]:
        if number(each["merit"]) != sum(number(line["points"]) for line in each["breakdown"]):
            application = each["application"]["application_id"]
            yield say("verify.pool.merit", application=safe(application))
    for each in pool["ineligible"]:
        if not each["findings"]:
            application = each["application"]["application_id"]
            yield say("verify.pool.reason", application=safe(application))


def look_at_objective(record: Opened) -> str:
    """Check the worth: from merit, packages and balance, and once more from the programme."""
    result = record.plain("result.json")
    demand_fields(result, *RESULT)
    book, awards = Book(record), awards_of(record)
    scale = number(record.plain("programme.json")["scale"])
    demand_none(_of_values(record, awards))
    worth = worth_of(book, awards)
    objective, bound = number(result["objective"]), number(result["bound"])
    if worth * scale != objective:
        raise Refused(say("verify.objective.other", mine=points(worth)))
    if bound < objective or (result["status"] == OPTIMAL and bound != objective):
        raise Refused(say("verify.objective.bound"))
    return say("verify.objective.figure", points=points(worth), awards=len(awards))


def worth_of(book: Book, awards: list[Award]) -> Fraction:
    """Return what awards are worth, in thousandths of a point: merit less missed balance."""
    worth = Fraction(0)
    for application, package, _ in awards:
        worth += book.coverage(package) * book.merit(application)
    for aim in book.aims:
        whole = inside = 0
        for application, package, amount in awards:
            if book.values(application, aim.known_by):
                count = counted(aim.measure, package, amount)
                whole += count
                inside += count * book.inside(aim.group, application)
        short = aim.share.numerator * whole - aim.share.denominator * inside
        worth -= max(0, short) * aim.price
    return worth


def points(worth: Fraction) -> str:
    """Return thousandths of a point as points with three decimals, rounded as everywhere else."""
    whole = int(abs(worth) + Fraction(1, 2))
    sign = "-" if worth < 0 and whole else ""
    return f"{sign}{whole // 1000}.{whole % 1000:03d}"


def _of_values(record: Opened, awards: list[Award]) -> Iterator[str]:
    """Yield where the solution's values are not the awards, or break a row of the programme."""
    programme, result = record.plain("programme.json"), record.plain("result.json")
    values = [number(each) for each in result["values"]]
    columns = programme["columns"]
    chosen = [
        (column["application"], column["package"])
        for column, value in zip(columns, values, strict=True)
        if value and column["application"]
    ]
    if sorted(chosen) != sorted((application, package) for application, package, _ in awards):
        yield say("verify.objective.values")
    for column, value in zip(columns, values, strict=True):
        if not 0 <= value <= number(column["upper"]):
            yield say("verify.objective.column", name=safe(column["name"]))
    for row in programme["rows"]:
        terms = zip(row["columns"], row["coefficients"], strict=True)
        used = sum(number(factor) * values[column] for column, factor in terms)
        bound = number(row["bound"])
        if used > bound if row["sense"] == "<=" else used < bound:
            yield say("verify.objective.row", name=safe(row["name"]))


def draw_of(seed: str, application: str) -> str:
    """Return an application's draw: SHA-256 of the seed followed by its id."""
    return hashlib.sha256(f"{seed}{application}".encode()).hexdigest()


def look_at_lottery(record: Opened) -> str:
    """Check that the lottery's order is what the published seed gives."""
    book, lottery = Book(record), record.plain("lottery.json")
    demand_fields(lottery, "funds", "order", "seed")
    seed = book.round["lottery_seed"]
    if lottery["seed"] != seed or book.rules["lottery_seed"] != seed:
        raise Refused(say("verify.lottery.seed"))
    if lottery["order"] != sorted(book.by_id, key=lambda each: (draw_of(seed, each), each)):
        raise Refused(say("verify.lottery.order"))
    if lottery["funds"] != book.fund_order():
        raise Refused(say("verify.lottery.funds"))
    return say("verify.lottery.figure", applications=len(lottery["order"]), seed=safe(seed))


def look_at_draws(record: Opened) -> str:
    """Check that the tied are listed in the lottery's order with what they have been awarded."""
    lottery, draws = record.plain("lottery.json"), record.plain("result.json")["draws"]
    awarded = {application: package for application, package, _ in awards_of(record)}
    places = {application: place for place, application in enumerate(lottery["order"])}
    expected = [
        {
            "application_id": each["application_id"],
            "key": draw_of(lottery["seed"], each["application_id"]),
            "package": awarded.get(each["application_id"]),
            "position": position,
        }
        for position, each in enumerate(draws, start=1)
    ]
    demand_none(
        say("verify.draws.other", application=safe(mine["application_id"]))
        for theirs, mine in zip(draws, expected, strict=True)
        if not same(theirs, mine)
    )
    order = [places[each["application_id"]] for each in draws]
    if order != sorted(set(order)):
        raise Refused(say("verify.draws.order"))
    return say("verify.draws.figure", tied=len(draws))


def look_at_decisions(record: Opened) -> str:
    """Check that there is one decision per application, also in ``decisions.csv``."""
    lines = record.plain("result.json")["decisions"]
    for each in lines:
        demand_fields(each, *HEADER)
    ids = sorted(
        each["application_id"] for each in record.plain("applications.json")["applications"]
    )
    if [each["application_id"] for each in lines] != ids:
        raise Refused(say("verify.decisions.ids"))
    expected = _expected(record)
    drawn = {each["application_id"] for each in record.plain("result.json")["draws"]}
    overrides = override_codes(record.plain("rules.json"))
    for application, code in overrides.items():
        if expected.get(application, {}).get("decision") not in (None, "ineligible"):
            expected[application]["reason_code"] = code
    demand_none(
        say("verify.decisions.other", application=safe(line["application_id"]), field=field)
        for line in lines
        for field in _differing(line, expected[line["application_id"]], drawn)
    )
    if PUBLISHED not in record.members:
        raise Unchecked(say("verify.decisions.none"))
    _look_at_csv(record.members[PUBLISHED], lines)
    counts = [[each["decision"] for each in lines].count(d) for d in ("awarded", "declined")]
    return say(
        "verify.decisions.figure",
        awarded=counts[0],
        declined=counts[1],
        ineligible=len(lines) - sum(counts),
    )


def override_codes(rules: dict[str, Any]) -> dict[str, str]:
    """Return the reason code of each application with an override, by its id."""
    codes = {}
    for side in ("floors", "caps"):
        for bound in rules[side]:
            kind, colon, application = bound["id"].partition(":")
            if colon and (side, kind) in OVERRIDE_CODES:
                codes[application] = OVERRIDE_CODES[side, kind]
    return codes


def _expected(record: Opened) -> dict[str, dict[str, Any]]:
    """Return what each decision must say, by application id."""
    pool = record.plain("pool.json")
    currency = record.plain("round.json")["currency"]
    nothing = {"package": None, "fund": "", "amount": 0, "currency": currency, "merit": None}
    found = {}
    for each in pool["ineligible"]:
        why = each["findings"]
        said = {"reason_code": why[0]["rule"], "reason": " ".join(one["text"] for one in why)}
        application = each["application"]["application_id"]
        found[application] = {**nothing, "decision": "ineligible", "margin": None, **said}
    for each in pool["candidates"]:
        application = each["application"]["application_id"]
        found[application] = {**nothing, "decision": "declined", "merit": each["merit"]}
    for award in record.plain("result.json")["awards"]:
        found[award["application_id"]] |= {
            "decision": "awarded",
            "package": award["package"],
            "fund": " + ".join(fund for fund, _ in award["shares"]),
            "amount": award["amount"],
        }
    return found


def _differing(line: dict[str, Any], expected: dict[str, Any], drawn: set[str]) -> list[str]:
    """Return the fields in which a decision is not what it must be, its margin's sign included."""
    wrong = [field for field, value in expected.items() if not same(line[field], value)]
    margin = None if line["margin"] is None else number(line["margin"])
    if margin is not None and (margin < 0 if line["decision"] == "awarded" else margin > 0):
        wrong.append("margin")
    if "reason_code" not in expected:
        lottery = line["reason_code"] in ("lottery", "awarded-by-lottery")
        override = line["reason_code"] in OVERRIDE_CODES.values()
        if override or lottery != (line["application_id"] in drawn):
            wrong.append("reason_code")
    if not line["reason"]:
        wrong.append("reason")
    return wrong


def _look_at_csv(content: bytes, lines: list[dict[str, Any]]) -> None:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    written = [list(HEADER), *(_row(line) for line in lines)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(written)
    if len(rows) != len(written):
        raise Refused(say("verify.decisions.rows", rows=len(rows) - 1))
    demand_none(
        say("verify.decisions.csv", row=place)
        for place, (theirs, mine) in enumerate(zip(rows, written, strict=True), start=1)
        if theirs != mine
    )
    if text.getvalue().encode("utf-8") != content:
        raise Refused(say("verify.decisions.form"))


def _row(line: dict[str, Any]) -> list[str]:
    merit, margin = (
        "" if line[name] is None else points(Fraction(number(line[name])))
        for name in ("merit", "margin")
    )
    return [
        _guarded(line["application_id"]),
        line["decision"],
        line["package"] or "",
        _guarded(line["fund"]),
        cents(number(line["amount"])),
        _guarded(line["currency"]),
        merit,
        margin,
        _guarded(line["reason_code"]),
        _guarded(line["reason"]),
    ]


def _guarded(text: str) -> str:
    """Return a text as ``decisions.csv`` writes it: no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
