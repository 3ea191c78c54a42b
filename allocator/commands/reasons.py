"""What a record says of its decisions becomes words: all of them in brief, or one in full."""

from typing import Any

from allocator.commands.answer import Block, Heading, Items, Table, Text
from allocator.record.check_book import number
from allocator.record.check_container import Opened
from allocator.texts import say
from allocator.wording import money, plain_money, plain_points

_RIGHT = frozenset({2, 3})


def all_blocks(record: Opened) -> tuple[Block, ...]:
    """Return every decision with its merit, margin and reason."""
    lines = record.plain("result.json")["decisions"]
    words = ("application", "decision", "merit", "margin", "reason")
    rows = tuple(
        (
            line["application_id"],
            _brief(line),
            _points(line["merit"]),
            _margin(line),
            line["reason"],
        )
        for line in lines
    )
    return (
        Heading(record.plain("round.json")["title"]),
        Table(tuple(say(f"verify.word.{word}") for word in words), rows, _RIGHT),
        Text(say("explain-record.margin")),
        Text(say("explain-record.one")),
    )


def all_data(record: Opened) -> dict[str, Any]:
    """Return every decision as JSON."""
    lines = record.plain("result.json")["decisions"]
    return {"round": record.plain("round.json")["id"], "decisions": [_data(each) for each in lines]}


def one_blocks(record: Opened, application: str) -> tuple[Block, ...]:
    """Return why one decision fell as it did: reason, margin, merit, costs, and the draw."""
    line, judged = _line(record, application), _judged(record, application)
    blocks: list[Block] = [
        Heading(f"{application}: {_decision(line)}"),
        Text(line["reason"]),
    ]
    blocks += _findings(judged)
    blocks += _merit(judged)
    blocks += _costs(judged, line["currency"])
    blocks += _draw(record, application)
    return tuple(blocks)


def one_data(record: Opened, application: str) -> dict[str, Any]:
    """Return what the record says of one application as JSON, names of the person apart."""
    judged = _judged(record, application)
    draws = record.plain("result.json")["draws"]
    return {
        **_data(_line(record, application)),
        "breakdown": judged.get("breakdown", []),
        "costs": judged.get("costs", []),
        "findings": judged.get("findings", []),
        "unsettled": judged["unsettled"],
        "draw": next((each for each in draws if each["application_id"] == application), None),
        "explanation": _explanation(record, application),
    }


def _explanation(record: Opened, application: str) -> Any:
    if "explanations.json" not in record.members:
        return None
    explained = record.plain("explanations.json")
    return next((each for each in explained if each["application_id"] == application), None)


def _line(record: Opened, application: str) -> dict[str, Any]:
    lines = record.plain("result.json")["decisions"]
    found: dict[str, Any] = next(each for each in lines if each["application_id"] == application)
    return found


def _judged(record: Opened, application: str) -> dict[str, Any]:
    pool = record.plain("pool.json")
    every = (*pool["candidates"], *pool["ineligible"])
    found: dict[str, Any] = next(
        each for each in every if each["application"]["application_id"] == application
    )
    return found


def _brief(line: dict[str, Any]) -> str:
    return ", ".join(filter(None, (say(f"verify.word.{line['decision']}"), line["package"])))


def _decision(line: dict[str, Any]) -> str:
    decision = say(f"verify.word.{line['decision']}")
    if line["package"] is None:
        return decision
    return f"{decision}, {say('package.' + line['package'])}"


def _points(merit: Any) -> str:
    return "" if merit is None else plain_points(number(merit))


def _margin(line: dict[str, Any]) -> str:
    if line["margin"] is None:
        return ""
    sign = "+" if number(line["margin"]) > 0 else ""
    return sign + plain_points(number(line["margin"]))


def _data(line: dict[str, Any]) -> dict[str, Any]:
    merit, margin = (_points(line[name]) or None for name in ("merit", "margin"))
    return {**line, "amount": plain_money(number(line["amount"])), "merit": merit, "margin": margin}


def _findings(judged: dict[str, Any]) -> list[Block]:
    texts = [each["text"] for each in judged.get("findings", [])]
    texts += [say("explain-record.unsettled", fact=each) for each in judged["unsettled"]]
    return [Items(tuple(texts))] if texts else []


def _merit(judged: dict[str, Any]) -> list[Block]:
    lines = judged.get("breakdown", [])
    if not lines:
        return []
    words = ("criterion", "value", "points", "reference")
    rows = [
        (
            each["title"],
            each["value"],
            plain_points(number(each["points"])),
            each["reference"] or "",
        )
        for each in lines
    ]
    total = (say("verify.word.total"), "", plain_points(number(judged["merit"])), "")
    headers = tuple(say(f"verify.word.{word}") for word in words)
    return [
        Heading(say("explain-record.merit")),
        Table(headers, (*rows, total), frozenset({2})),
    ]


def _costs(judged: dict[str, Any], currency: str) -> list[Block]:
    costs = judged.get("costs", [])
    if not costs:
        return []
    rows = tuple(
        (say("package." + each["package"]), money(number(each["amount"])), each["how"])
        for each in costs
    )
    words = [say("verify.word.package"), say("verify.word.cost", currency=currency)]
    headers = (*words, say("verify.word.how"))
    return [Heading(say("explain-record.costs")), Table(headers, rows, frozenset({1}))]


def _draw(record: Opened, application: str) -> list[Block]:
    draws = record.plain("result.json")["draws"]
    own = next((each for each in draws if each["application_id"] == application), None)
    if own is None:
        return []
    about = {"position": own["position"], "of": len(draws), "begins": own["key"][:16]}
    return [Text(say("explain-record.draw", **about))]
