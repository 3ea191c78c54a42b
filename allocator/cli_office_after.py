"""``allocator office``: what comes after publication."""

from typing import Annotated

from allocator.cli_office import (
    Application,
    AsJson,
    Day,
    Reason,
    RoundId,
    Store,
    account_app,
    argument,
    command,
    finish,
    office_app,
    option,
)

__all__ = ["account_app", "office_app"]

SeenEntry = Annotated[int | None, option("seen-entry", "--seen", metavar="ENTRY")]


@command(office_app, "outcome")
def outcome(
    round_id: RoundId,
    application: Application,
    kind: Annotated[str, argument("outcome", "OUTCOME")],
    on: Day = None,
    note_text: Annotated[str, option("note", "--note", metavar="TEXT")] = "",
    seen: SeenEntry = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Record what became of an award."""
    asked = (round_id, application, kind, on, note_text, seen)
    finish("outcome", "after", lambda do: do.outcome(store, *asked), as_json)


@command(office_app, "correct-outcome")
def correct_outcome(
    round_id: RoundId,
    application: Application,
    kind: Annotated[str, argument("corrected", "OUTCOME")],
    reason: Reason,
    on: Day = None,
    seen: SeenEntry = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Correct what was recorded of an award."""
    asked = (round_id, application, kind, on, reason, seen)
    finish("correct-outcome", "after", lambda do: do.correct_outcome(store, *asked), as_json)


@command(office_app, "pay")
def pay(
    round_id: RoundId,
    application: Application,
    amount: Annotated[str, argument("amount", "AMOUNT")],
    fund: Annotated[str, option("fund", "--fund", metavar="FUND")] = "",
    on: Day = None,
    seen: SeenEntry = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Record a payment."""
    asked = (round_id, application, amount, fund, on, seen)
    finish("pay", "after", lambda do: do.pay(store, *asked), as_json)


@command(office_app, "reallocate")
def reallocate(
    round_id: RoundId, reason: Reason, store: Store = None, as_json: AsJson = False
) -> None:
    """Reallocate free money."""
    finish("reallocate", "after", lambda do: do.reallocate(store, round_id, reason), as_json)


@command(office_app, "reserve")
def reserve(round_id: RoundId, store: Store = None, as_json: AsJson = False) -> None:
    """Show the reserve list."""
    finish("reserve", "after", lambda do: do.reserve(store, round_id), as_json)


@command(office_app, "ledger")
def ledger(round_id: RoundId, store: Store = None, as_json: AsJson = False) -> None:
    """Show the ledger."""
    finish("ledger", "after", lambda do: do.ledger(store, round_id), as_json)
