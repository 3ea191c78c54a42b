"""The awards are held against every rule, straight from the tables, without the programme.

Money to the centime, the quota of each Member State, the pair rule, the year's limit of each
person, one award per person and meeting, floors and caps; and which fund pays what.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from allocator.record.check_book import Award, Book, counted, number, ratio, unions, units
from allocator.record.check_container import Opened
from allocator.record.check_report import Refused, demand_fields, demand_none, safe
from allocator.texts import say


def awards_of(record: Opened) -> list[Award]:
    """Return the awards of a record."""
    return [
        (each["application_id"], each["package"], number(each["amount"]))
        for each in record.plain("result.json")["awards"]
    ]


def look_at_rules(record: Opened) -> str:
    """Check every award and every rule."""
    book, awards = Book(record), awards_of(record)
    if awards != sorted(awards):
        raise Refused(say("verify.rules.order"))
    demand_none(not_offered(book, awards))
    demand_none(broken_rules(book, awards))
    spent = sum(amount for _, _, amount in awards)
    currency = book.round["currency"]
    return say(
        "verify.rules.figure", awards=len(awards), spent=cents(spent), currency=safe(currency)
    )


def broken_rules(book: Book, awards: list[Award]) -> list[str]:
    """Return every rule but those of the funds that awards break, in words."""
    return [
        *_budgets(book, awards),
        *_member_states(book, awards),
        *_persons(book, awards),
        *_bounds(book, awards),
    ]


def cents(amount: int) -> str:
    """Return minor units with two decimals."""
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{amount // 100}.{amount % 100:02d}"


def not_offered(book: Book, awards: list[Award]) -> Iterator[str]:
    """Yield awards to nobody on the list, twice to one, of another package or at another price."""
    seen: set[str] = set()
    for application, package, amount in awards:
        if application in seen:
            yield say("verify.rules.twice", application=safe(application))
        seen.add(application)
        if package not in book.costs.get(application, {}):
            yield say("verify.rules.package", application=safe(application), package=safe(package))
        elif book.costs[application][package] != amount:
            yield say("verify.rules.amount", application=safe(application), amount=cents(amount))


def _budgets(book: Book, awards: list[Award]) -> Iterator[str]:
    spent: dict[str, int] = defaultdict(int)
    for application, _, amount in awards:
        spent[book.place(application)[1]] += amount
    for name, meeting in book.meetings.items():
        if meeting["budget"] is not None and spent[name] > number(meeting["budget"]):
            over = cents(spent[name] - number(meeting["budget"]))
            yield say("verify.rules.budget", meeting=safe(name), over=over)


def _member_states(book: Book, awards: list[Award]) -> Iterator[str]:
    held: dict[tuple[str, str], list[str]] = defaultdict(list)
    for application, package, _ in awards:
        held[book.place(application)].append(package)
    quota = book.rules["quota"]
    for (state, meeting), packages in held.items():
        place = {"state": safe(state), "meeting": safe(meeting)}
        if quota and _over(quota, packages, 0):
            yield say("verify.rules.quota", **place)
        if book.has_pair_rule(meeting) and packages.count("dsa") > 1:
            yield say("verify.rules.pair", **place)


def _over(limit: dict[str, Any], packages: list[str], used: int) -> bool:
    """Tell whether awards take more than is left; what takes nothing is possible even so."""
    left = max(number(limit["at_most"]) - used, 0)
    return sum(units(limit, each) for each in packages) > left


def _persons(book: Book, awards: list[Award]) -> Iterator[str]:
    """Yield persons over a limit, named by their applications."""
    held: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for application, package, _ in awards:
        held[book.person(application)].append((application, package))
    year = book.rules["person_year"]
    for own in held.values():
        names = safe(", ".join(application for application, _ in own))
        meetings = [book.place(application)[1] for application, _ in own]
        if len(meetings) > len(dict.fromkeys(meetings)):
            yield say("verify.rules.once", applications=names)
        used = number(book.by_id[own[0][0]]["used_half_units"])
        if year and _over(year, [package for _, package in own], used):
            yield say("verify.rules.year", applications=names)


def _bounds(book: Book, awards: list[Award]) -> Iterator[str]:
    for bound in (*book.rules["floors"], *book.rules["caps"]):
        whole, group = book.group(bound["of"]), book.group(bound["group"])
        total = inside = 0
        for application, package, amount in awards:
            if book.inside(whole, application, package):
                count = counted(bound["measure"], package, amount)
                total += count
                inside += count * book.inside(group, application, package)
        of = total if bound["share"] else 1
        least, most = bound["at_least"], bound["at_most"]
        if least is not None and inside < ratio(least) * of:
            yield say("verify.rules.floor", bound=safe(bound["id"]))
        if most is not None and inside > ratio(most) * of:
            yield say("verify.rules.cap", bound=safe(bound["id"]))


def look_at_payments(record: Opened) -> str:
    """Check who pays: funds within their amounts and purposes, shared out as the method says."""
    book = Book(record)
    for each in record.plain("result.json")["awards"]:
        demand_fields(each, "amount", "application_id", "package", "shares")
    shares: dict[str, list[tuple[str, int]]] = {
        each["application_id"]: [(fund, number(part)) for fund, part in each["shares"]]
        for each in record.plain("result.json")["awards"]
    }
    awards = awards_of(record)
    demand_none(broken_payments(book, awards, shares))
    expected = divided(book, _grants(record, book, awards))
    demand_none(
        say("verify.payments.divided", application=safe(application))
        for application, parts in shares.items()
        if parts != expected[application]
    )
    paid = sum(part for parts in shares.values() for _, part in parts)
    return say("verify.payments.figure", funds=len(book.funds), paid=cents(paid))


def broken_payments(
    book: Book, awards: list[Award], shares: dict[str, list[tuple[str, int]]]
) -> list[str]:
    """Return what is wrong with who pays what: amounts, purposes and what each fund has."""
    return [*_wrong_shares(book, awards, shares), *_overdrawn(book, shares)]


def _wrong_shares(
    book: Book, awards: list[Award], shares: dict[str, list[tuple[str, int]]]
) -> Iterator[str]:
    for application, package, amount in awards:
        parts = shares[application]
        name = safe(application)
        if book.funds and sum(part for _, part in parts) != amount:
            yield say("verify.payments.sum", application=name)
        if any(part < 0 for _, part in parts) or (not book.funds and parts):
            yield say("verify.payments.part", application=name)
        if any(fund not in book.payers[application, package] for fund, _ in parts):
            yield say("verify.payments.purpose", application=name)
        if len(parts) > 1 and not book.sharing:
            yield say("verify.payments.shared", application=name)


def _overdrawn(book: Book, shares: dict[str, list[tuple[str, int]]]) -> Iterator[str]:
    spent: dict[str, int] = defaultdict(int)
    for parts in shares.values():
        for fund, part in parts:
            spent[fund] += part
    for each in book.funds:
        over = spent[each["id"]] - number(each["amount"])
        if over > 0:
            yield say("verify.payments.overdrawn", fund=safe(each["id"]), over=cents(over))


type Grant = tuple[str, int, tuple[str, ...]]
"""Application, cost, funds that may pay."""


def _grants(record: Opened, book: Book, awards: list[Award]) -> list[Grant]:
    """Return the awards with the funds that may pay: one, chosen in the solution, or several."""
    if book.sharing:
        return [(a, amount, book.payers[a, package]) for a, package, amount in awards]
    values = record.plain("result.json")["values"]
    chosen = {
        column["application"]: column["fund"]
        for column, value in zip(record.plain("programme.json")["columns"], values, strict=True)
        if value and column["application"]
    }
    return [(a, amount, (chosen[a],) if chosen[a] else ()) for a, _, amount in awards]


def divided(book: Book, grants: list[Grant]) -> dict[str, list[tuple[str, int]]]:
    """Divide awards over funds: by id, each from the most narrowly earmarked fund that may pay it.

    A fund gives as much as leaves every other award payable (Hall's condition over sets of funds).
    """
    money = {fund["id"]: number(fund["amount"]) for fund in book.funds}
    sets = unions(funds for _, _, funds in grants)
    spare = {
        some: sum(money[fund] for fund in some)
        - sum(cost for _, cost, funds in grants if some.issuperset(funds))
        for some in sets
    }
    order = book.fund_order()
    paid: dict[str, list[tuple[str, int]]] = {}
    for application, cost, funds in sorted(grants):
        parts: list[tuple[str, int]] = []
        for fund in [each for each in order if each in funds]:
            others = [some for some in sets if fund in some and not some.issuperset(funds)]
            part = min([cost, money[fund], *(spare[some] for some in others)])
            if part > 0:
                parts.append((fund, part))
                cost -= part
                money[fund] -= part
                for some in others:
                    spare[some] -= part
        first = [(fund, 0) for fund in order if fund in funds][:1]
        paid[application] = parts or first
    return paid
