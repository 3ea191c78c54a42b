"""A run becomes words on its decisions: the whole round, one application, or how groups fared."""

from collections import Counter
from typing import Any

from allocator.commands.answer import Block, Heading, Items, Table, Text
from allocator.explain.figures import everybody, rule_titles
from allocator.explain.result import DecisionLine, Result
from allocator.explain.why_words import Reader, Teller, nearest, teller
from allocator.model import Candidate, Decision, Ineligible
from allocator.optimise.allocation import Status
from allocator.record.canonical import to_plain
from allocator.texts import catalogue, say
from allocator.wording import money, plain_money, plain_points

MOST_NEAREST = 10
MOST_EXCHANGES = 20


def all_blocks(result: Result) -> tuple[Block, ...]:
    """Return what decided, what balance did, ties, the nearest declined, and every decision."""
    telling = teller(result, Reader.COMMANDS)
    return (
        Heading(result.round.title),
        Text(_counts(result)),
        Text(_status(result)),
        *_decided(result),
        *_effects(telling),
        *_ties(telling),
        *_nearest(result),
        *_decisions(result),
        Text(say("explain-record.one")),
        Text(say("explain-record.fairness")),
    )


def all_data(result: Result) -> dict[str, Any]:
    """Return the same as JSON: points and amounts of decisions as text, the rest exact."""
    return {
        "round": result.round.id,
        "final": _is_final(result),
        "effects": to_plain(result.effects),
        "tied": [each.application_id for each in result.allocation.draws],
        "nearest": [each.application_id for each, _ in nearest(result, MOST_NEAREST)],
        "decisions": [_data(each) for each in result.lines],
    }


def one_blocks(result: Result, application: str) -> tuple[Block, ...]:
    """Return why one decision fell as it did: points, rules, others, balance, money and draw."""
    line = next(each for each in result.lines if each.application_id == application)
    judged = _judged(result, application)
    telling = teller(result, Reader.COMMANDS)
    blocks: list[Block] = [Heading(f"{application}: {_decision(line)}"), Text(line.reason)]
    if not _is_final(result):
        blocks.append(Text(say("why.not-final")))
    blocks += _unsettled(judged)
    for part in telling.parts(application):
        blocks += [Heading(part.title), Items(part.sentences)]
    if not result.explanations:
        blocks.append(Text(say("explain-record.no-explanations")))
    if isinstance(judged, Candidate):
        blocks += [*_merit(judged), *_costs(judged, line.currency)]
    return tuple(blocks)


def one_data(result: Result, application: str) -> dict[str, Any]:
    """Return what is known of one application as JSON, names of the person apart."""
    line = next(each for each in result.lines if each.application_id == application)
    judged = _judged(result, application)
    telling = teller(result, Reader.COMMANDS)
    draw = next((d for d in result.allocation.draws if d.application_id == application), None)
    return {
        **_data(line),
        "breakdown": to_plain(judged.breakdown if isinstance(judged, Candidate) else ()),
        "costs": to_plain(judged.costs if isinstance(judged, Candidate) else ()),
        "findings": to_plain(judged.findings if isinstance(judged, Ineligible) else ()),
        "unsettled": list(judged.unsettled),
        "draw": to_plain(draw),
        "explanation": to_plain(telling.explained.get(application)),
        "exchanges": list(telling.exchanges.get(application, ())),
        "words": {part.id: list(part.sentences) for part in telling.parts(application)},
    }


def fairness_blocks(result: Result) -> tuple[Block, ...]:
    """Return how groups fared, section by section, each with what it means and does not mean."""
    from allocator.explain.fairness_record import fairness_from

    fairness = fairness_from(result)
    heading = Heading(result.round.title)
    if fairness is None:
        return heading, Text(say("explain-record.no-fairness"))
    blocks: list[Block] = [heading]
    for each in fairness.sections(applications=True):
        blocks.append(Heading(each.title))
        blocks += [Text(text) for text in each.text]
        if each.columns:
            blocks.append(Table(each.columns, each.rows))
        notes = (("means", each.means), ("means-not", each.means_not))
        blocks += [Text(say(f"explain-record.{key}", text=text)) for key, text in notes if text]
    if fairness.flips is None:
        blocks.append(Text(say("explain-record.no-flips")))
    return tuple(blocks)


def fairness_data(result: Result) -> dict[str, Any]:
    """Return how groups fared as JSON."""
    from allocator.explain.fairness_record import fairness_from

    fairness = fairness_from(result)
    return {"fairness": None if fairness is None else fairness.as_json(applications=True)}


# --- the round ----------------------------------------------------------------------------------


def _is_final(result: Result) -> bool:
    return result.allocation.status is Status.OPTIMAL


def _counts(result: Result) -> str:
    decided = Counter(each.decision for each in result.lines)
    return say("explain-record.counts", **{each.value: decided[each] for each in Decision})


def _status(result: Result) -> str:
    return say("explain-record.final" if _is_final(result) else "why.not-final")


def _decided(result: Result) -> tuple[Block, ...]:
    counts = Counter((each.decision, each.reason_code) for each in result.lines)
    order = list(Decision)
    rows = tuple(
        (_word(decision), _reason(result, decision, code), str(count))
        for (decision, code), count in sorted(
            counts.items(), key=lambda item: (order.index(item[0][0]), -item[1], item[0][1])
        )
    )
    headers = (say("verify.word.decision"), _column("why"), _column("number"))
    return Heading(say("explain-record.decided")), Table(headers, rows, frozenset({2}))


def _reason(result: Result, decision: Decision, code: str) -> str:
    if decision is Decision.INELIGIBLE:
        return rule_titles(result.rules).get(code, code)
    texts = catalogue()
    return texts.get(f"explain-record.reason.{code}") or texts.get(f"reason.{code}", code)


def _effects(telling: Teller) -> tuple[Block, ...]:
    result = telling.result
    heading = Heading(say("explain-record.effects"))
    if result.effects is None:
        return (heading, Text(say("explain-record.effects-missing"))) if _is_final(result) else ()
    if not result.effects.factors and not result.effects.left_out:
        return heading, Text(say("explain-record.effects-none"))
    blocks: list[Block] = [heading]
    if result.effects.factors:
        blocks.append(Text(say("explain-record.effects-how")))
    headers = tuple(_column(name) for name in ("group", "target", "with", "without"))
    for each in result.effects.factors:
        blocks.append(Text(say("explain-record.factor", title=each.title)))
        blocks.append(Items(telling.effect(each)))
        blocks.append(Table(headers, telling.reach(each), frozenset({1, 2, 3})))
    if left := telling.left_out():
        blocks.append(Text(left))
    return tuple(blocks)


def _ties(telling: Teller) -> tuple[Block, ...]:
    result = telling.result
    if not _is_final(result):
        return ()
    heading = Heading(say("explain-record.ties"))
    draws = result.allocation.draws
    if not draws:
        return heading, Text(say("explain-record.ties-none"))
    names = ", ".join(each.application_id for each in draws)
    said = [Text(say("explain-record.ties-count", n=len(draws), applications=names))]
    said += [Text(each) for each in telling.exchanges_told()]
    swaps = result.effects.swaps[:MOST_EXCHANGES] if result.effects else ()
    rows = tuple((e.awarded, e.declined, say(f"package.{e.package}")) for e in swaps)
    headers = (say("verify.word.awarded"), _column("could"), _column("package"))
    return heading, *said, *((Table(headers, rows),) if rows else ())


def _nearest(result: Result) -> tuple[Block, ...]:
    found = nearest(result, MOST_NEAREST)
    declined = any(each.decision is Decision.DECLINED for each in result.lines)
    if not declined or not _is_final(result):
        return ()
    heading = Heading(say("explain-record.nearest"))
    if not found:
        return heading, Text(say("explain-record.nearest-none"))
    reasons = {each.application_id: each.reason for each in result.lines}
    rows = tuple(
        (each.application_id, plain_points(short), reasons[each.application_id])
        for each, short in found
    )
    headers = (say("verify.word.application"), _column("short"), say("verify.word.reason"))
    return heading, Table(headers, rows, frozenset({1}))


def _decisions(result: Result) -> tuple[Block, ...]:
    words = ("application", "decision", "merit", "margin", "reason")
    rows = tuple(
        (
            line.application_id,
            ", ".join(filter(None, (_word(line.decision), line.package))),
            _points(line.merit),
            _margin(line),
            line.reason,
        )
        for line in result.lines
    )
    headers = tuple(say(f"verify.word.{word}") for word in words)
    return (
        Heading(say("explain-record.decisions")),
        Table(headers, rows, frozenset({2, 3})),
        Text(say("explain-record.margin")),
    )


# --- one application ----------------------------------------------------------------------------


def _judged(result: Result, application: str) -> Candidate | Ineligible:
    return next(
        each for each in everybody(result.pool) if each.application.application_id == application
    )


def _word(decision: Decision) -> str:
    return say(f"verify.word.{decision}")


def _column(name: str) -> str:
    return say(f"explain-record.column.{name}")


def _decision(line: DecisionLine) -> str:
    if line.package is None:
        return _word(line.decision)
    return f"{_word(line.decision)}, {say(f'package.{line.package}')}"


def _points(merit: int | None) -> str:
    return "" if merit is None else plain_points(merit)


def _margin(line: DecisionLine) -> str:
    if line.margin is None:
        return ""
    return ("+" if line.margin > 0 else "") + plain_points(line.margin)


def _data(line: DecisionLine) -> dict[str, Any]:
    plain = to_plain(line)
    assert isinstance(plain, dict)
    return {
        **plain,
        "amount": plain_money(line.amount),
        "merit": _points(line.merit) or None,
        "margin": None if line.margin is None else plain_points(line.margin),
    }


def _unsettled(judged: Candidate | Ineligible) -> list[Block]:
    texts = [say("explain-record.unsettled", fact=each) for each in judged.unsettled]
    return [Items(tuple(texts))] if texts else []


def _merit(judged: Candidate) -> list[Block]:
    if not judged.breakdown:
        return []
    words = ("criterion", "value", "points", "reference")
    rows = [
        (each.title, each.value, plain_points(each.points), each.reference or "")
        for each in judged.breakdown
    ]
    total = (say("verify.word.total"), "", plain_points(judged.merit), "")
    headers = tuple(say(f"verify.word.{word}") for word in words)
    return [
        Heading(say("explain-record.merit")),
        Table(headers, (*rows, total), frozenset({2})),
    ]


def _costs(judged: Candidate, currency: str) -> list[Block]:
    if not judged.costs:
        return []
    rows = tuple(
        (say(f"package.{each.package}"), money(each.amount), each.how) for each in judged.costs
    )
    words = [say("verify.word.package"), say("verify.word.cost", currency=currency)]
    headers = (*words, say("verify.word.how"))
    return [Heading(say("explain-record.costs")), Table(headers, rows, frozenset({1}))]
