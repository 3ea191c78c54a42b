"""A command line at the desk: opens the store for whoever runs it, and words the answer."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from allocator.commands.answer import Answer, Block, Heading, Table, Text
from allocator.errors import AllocatorError, problem
from allocator.fields import typed_money
from allocator.office.desk import Desk, open_desk
from allocator.office.identity import from_system
from allocator.office.store import open_store
from allocator.office.views import RoundView, RunView
from allocator.record.canonical import to_plain
from allocator.texts import say
from allocator.wording import money

type Rows = Iterable[tuple[str, ...]]


@contextmanager
def desk_at(store: str | None) -> Iterator[Desk]:
    """Open the desk of a store for the operating system's own account."""
    with open_store(store) as opened:
        yield open_desk(opened, from_system())


def at_desk(store: str | None, action: Callable[[Desk], Answer]) -> Answer:
    """Give a command at the desk; single-user mode is said with every answer."""
    with desk_at(store) as desk:
        answer = action(desk)
        notice = desk.notice()
    data = {**answer.data, "single_user": bool(notice)}
    blocks = (*answer.blocks, *((Text(notice),) if notice else ()))
    return Answer(blocks, data, answer.exit_code, answer.refusal)


def done(text: str, **data: Any) -> Answer:
    """Return the answer that something was done; ``data`` is any frozen data."""
    return Answer((Text(text),), plain_data(data))


def plain_data(data: dict[str, Any]) -> dict[str, Any]:
    """Return frozen data as plain JSON values."""
    return {name: to_plain(value) for name, value in data.items()}


def table(words: Iterable[str], rows: Rows, right: Iterable[int] = ()) -> Block:
    """Return a table under headers by their keys; a line instead, where it would have no row."""
    found = tuple(rows)
    if not found:
        return Text(say("cli.office.nothing"))
    headers = tuple(say(f"cli.office.word.{word}") for word in words)
    return Table(headers, found, frozenset(right))


def amount_of(text: str) -> int:
    """Return an amount of money in minor units.

    Raises
    ------
    AllocatorError
        ``office-amount-form``.
    """
    minor = typed_money(text)
    if minor is None:
        raise AllocatorError(problem("office-amount-form", value=text))
    return minor


def day_of(text: str | None) -> date:
    """Return a day as ISO writes it; today if none is given.

    Raises
    ------
    AllocatorError
        ``office-day``.
    """
    try:
        return date.fromisoformat(text) if text else date.today()
    except ValueError:
        raise AllocatorError(problem("office-day", value=text or "")) from None


def password_from(asked: Callable[[], str] | None) -> str | None:
    """Return the password of a key: from the environment, or as a person types it."""
    from allocator.office.keys import PASSWORD

    return os.environ.get(PASSWORD) or (asked() if asked else None)


def money_or_dash(amount: int | None) -> str:
    """Return an amount for reading."""
    return "–" if amount is None else money(amount)


def round_blocks(view: RoundView) -> tuple[Block, ...]:
    """Return a round in words."""
    summary = view.summary
    facts = say(
        "cli.office.round.facts",
        id=summary.id,
        state=say(f"office.state.{summary.state}"),
        applications=summary.applications,
        asked=money_or_dash(summary.asked),
        available=money_or_dash(summary.available),
        currency=summary.currency,
        policy=f"{view.policy.number}, {view.policy.title}" if view.policy else "–",
    )
    blocks: list[Block] = [Heading(summary.title), Text(facts), Text(summary.next_step)]
    if view.runs:
        words = ("run", "kind", "status", "awarded", "spent", "current", "fingerprint")
        blocks.append(table(words, [run_row(each) for each in view.runs], {3, 4}))
    if view.signoffs:
        rows = [(e.kind, e.account, f"{e.at:%Y-%m-%d %H:%M}", e.run) for e in view.signoffs]
        blocks.append(table(("signoff", "by", "at", "run"), rows))
    if view.publications:
        published = [
            (str(e.number), e.run, f"{e.at:%Y-%m-%d %H:%M}", e.fingerprint[:16])
            for e in view.publications
        ]
        blocks.append(table(("record", "run", "at", "fingerprint"), published))
    return tuple(blocks)


def run_row(each: RunView) -> tuple[str, ...]:
    """Return a run as a row."""
    summary = each.summary
    return (
        each.id,
        each.kind,
        each.status,
        str(summary.get("awarded", "–")),
        money(summary["spent"]) if "spent" in summary else "–",
        say("cli.office.yes") if each.current else say("cli.office.no"),
        (each.fingerprint or "–")[:16],
    )


def round_answer(text: str, view: RoundView) -> Answer:
    """Return the answer of a command that changed a round."""
    return Answer((Text(text), *round_blocks(view)), plain_data({"round": view}))
