"""``allocator office``: sign-off, publication, what becomes of awards, accounts and the store."""

from collections.abc import Callable
from pathlib import Path

from allocator.commands.answer import Answer, Text
from allocator.commands.office_desk import (
    amount_of,
    at_desk,
    day_of,
    done,
    money_or_dash,
    password_from,
    plain_data,
    round_answer,
    run_row,
    table,
)
from allocator.errors import Exit
from allocator.office.desk import Desk
from allocator.office.identity import from_system
from allocator.office.states import State
from allocator.office.store import upgrade_store
from allocator.office.store_backup import restore as restore_store
from allocator.office.store_check import StoreReport
from allocator.office.views import AccountView
from allocator.texts import say
from allocator.wording import plain_points


def propose(store: str | None, round_id: str, run: str, seen: int | None) -> Answer:
    """Propose a run."""
    text = say("cli.office.proposed", run=run)
    return at_desk(store, lambda desk: round_answer(text, desk.propose(round_id, run, seen)))


def approve(store: str | None, round_id: str, fingerprint: str, seen: int | None) -> Answer:
    """Approve what is proposed."""
    text = say("cli.office.approved")
    return at_desk(
        store, lambda desk: round_answer(text, desk.approve(round_id, fingerprint, seen))
    )


def return_to_draft(store: str | None, round_id: str, reason: str, seen: int | None) -> Answer:
    """Return a round to draft."""

    def returned(desk: Desk) -> Answer:
        view = desk.return_to_draft(round_id, reason, seen)
        draft = view.summary.state is State.DRAFT
        return round_answer(say(f"cli.office.returned{'' if draft else '-reallocation'}"), view)

    return at_desk(store, returned)


def publish(
    store: str | None,
    round_id: str,
    key: Path,
    ask: Callable[[], str] | None,
    seen: int | None,
) -> Answer:
    """Sign and publish the approved run."""

    def sign(desk: Desk) -> Answer:
        view = desk.publish(round_id, key, seen, password_from(ask))
        text = say(
            "cli.office.published",
            number=view.number,
            fingerprint=view.fingerprint,
            public_key=view.public_key,
        )
        return done(text, publication=view)

    return at_desk(store, sign)


def close(store: str | None, round_id: str, seen: int | None) -> Answer:
    """Close a round."""
    text = say("cli.office.closed")
    return at_desk(store, lambda desk: round_answer(text, desk.close(round_id, seen)))


def outcome(
    store: str | None,
    round_id: str,
    application: str,
    kind: str,
    on: str | None,
    note: str,
    seen: int | None,
) -> Answer:
    """Record what became of an award."""

    def record(desk: Desk) -> Answer:
        really = kind.replace("_", " ")
        view = desk.outcome(round_id, application, really, day_of(on), note, seen=seen)
        text = say("cli.office.outcome", application=application, kind=view.kind, on=view.on)
        return done(text, outcome=view)

    return at_desk(store, record)


def correct_outcome(
    store: str | None,
    round_id: str,
    application: str,
    kind: str,
    on: str | None,
    reason: str,
    seen: int | None,
) -> Answer:
    """Correct what was recorded of an award."""

    def correct(desk: Desk) -> Answer:
        really = kind.replace("_", " ")
        on_day = day_of(on)
        view = desk.correct_outcome(round_id, application, really, on_day, reason, seen=seen)
        text = say("cli.office.corrected", application=application, kind=view.kind, on=view.on)
        return done(text, outcome=view)

    return at_desk(store, correct)


def pay(
    store: str | None,
    round_id: str,
    application: str,
    amount: str,
    fund: str,
    on: str | None,
    seen: int | None,
) -> Answer:
    """Record a payment."""
    minor = amount_of(amount)

    def record(desk: Desk) -> Answer:
        desk.pay(round_id, application, fund, minor, day_of(on), seen=seen)
        return _ledger(desk, round_id, say("cli.office.paid", application=application))

    return at_desk(store, record)


def reallocate(store: str | None, round_id: str, reason: str) -> Answer:
    """Propose the best use of what is free."""

    def plan(desk: Desk) -> Answer:
        view = desk.reallocate(round_id, reason)
        words = ("run", "kind", "status", "awarded", "spent", "current", "fingerprint")
        text = say("cli.office.reallocated", run=view.id)
        return Answer((Text(text), table(words, [run_row(view)])), plain_data({"run": view}))

    return at_desk(store, plan)


def reserve(store: str | None, round_id: str) -> Answer:
    """Show the reserve list."""

    def look(desk: Desk) -> Answer:
        found = desk.reserve(round_id)
        rows = [
            (str(e.position), e.application_id, e.meeting, plain_points(e.short)) for e in found
        ]
        words = ("position", "application", "meeting", "short")
        data = {"reserve": [each.as_json() for each in found]}
        return Answer((table(words, rows, {0, 3}),), data)

    return at_desk(store, look)


def ledger(store: str | None, round_id: str) -> Answer:
    """Show where the money of a round stands."""
    return at_desk(store, lambda desk: _ledger(desk, round_id, say("cli.office.ledger")))


def _ledger(desk: Desk, round_id: str, text: str) -> Answer:
    lines = desk.fund_ledger(round_id)
    words = ("line", "allocated", "committed", "paid", "released", "free", "forecast")
    rows = [
        (
            each.line,
            *(money_or_dash(getattr(each, word)) for word in words[1:]),
        )
        for each in lines
    ]
    return Answer((Text(text), table(words, rows, range(1, 7))), plain_data({"ledger": lines}))


def timeline(store: str | None, round_id: str | None) -> Answer:
    """Show what happened, the newest first."""

    def look(desk: Desk) -> Answer:
        found = desk.timeline(round_id)
        rows = [(str(e.seq), f"{e.at:%Y-%m-%d %H:%M}", e.sentence) for e in found]
        return Answer((table(("entry", "at", "what"), rows, {0}),), plain_data({"events": found}))

    return at_desk(store, look)


# --- accounts and recusals ------------------------------------------------------------------------


def account_add(store: str | None, login: str, name: str, roles: list[str]) -> Answer:
    """Add an account."""
    return at_desk(store, lambda desk: _account(desk.add_account(login, name or login, roles)))


def account_roles(store: str | None, login: str, roles: list[str], seen: int | None) -> Answer:
    """Give an account other roles."""
    return at_desk(store, lambda desk: _account(desk.set_roles(login, roles, seen)))


def account_deactivate(store: str | None, login: str, seen: int | None) -> Answer:
    """Take all rights from an account."""
    return at_desk(store, lambda desk: _account(desk.deactivate(login, seen)))


def account_list(store: str | None) -> Answer:
    """List the accounts."""

    def look(desk: Desk) -> Answer:
        found = desk.accounts()
        words = ("login", "name", "roles", "active", "recused")
        return Answer(
            (table(words, [_account_row(each) for each in found]),), plain_data({"accounts": found})
        )

    return at_desk(store, look)


def _account(view: AccountView) -> Answer:
    words = ("login", "name", "roles", "active", "recused")
    return Answer((table(words, [_account_row(view)]),), plain_data({"account": view}))


def _account_row(view: AccountView) -> tuple[str, ...]:
    return (
        view.login,
        view.name,
        ", ".join(say(f"office.role.{role}") for role in view.roles) or "–",
        say("cli.office.yes") if view.active else say("cli.office.no"),
        ", ".join(view.recused) or "–",
    )


def recuse(store: str | None, login: str, administration: str, reason: str, lift: bool) -> Answer:
    """Record that a person stands back from an administration, or no longer."""

    def record(desk: Desk) -> Answer:
        give = desk.lift_recusal if lift else desk.recuse
        return _account(give(login, administration, reason))

    return at_desk(store, record)


# --- the store ------------------------------------------------------------------------------------


def settings(store: str | None, name: str | None, value: str | None) -> Answer:
    """Show the settings, or change one."""

    def change(desk: Desk) -> Answer:
        if name is not None and value is not None:
            changed = desk.set_setting(name, value)
            return done(say("cli.office.setting", name=name, value=value), settings=dict(changed))
        found = desk.settings()
        rows = [(key, str(each)) for key, each in found.items()]
        return Answer((table(("setting", "value"), rows),), {"settings": found})

    return at_desk(store, change)


def erase(store: str | None, person: str, reason: str) -> Answer:
    """Erase the personal data of a person."""

    def remove(desk: Desk) -> Answer:
        found = desk.erase(person, reason)
        words = say("cli.office.erased", texts=found["texts"], files=found["files"])
        rest = f" {say('cli.office.uncleared')}" if found["uncleared"] else ""
        return done(words + rest, erased=found)

    return at_desk(store, remove)


def backup(store: str | None, file: Path) -> Answer:
    """Write a backup of the store."""

    def write(desk: Desk) -> Answer:
        made = desk.backup(file)
        text = say("cli.office.backup", file=file, rows=made.rows, seq=made.head.seq)
        return done(text, backup=made, file=str(file))

    return at_desk(store, write)


def restore(store: str | None, file: Path) -> Answer:
    """Fill an empty database from a backup."""
    report = restore_store(file, store, actor=from_system().login)
    return _report(report, say("cli.office.restored", file=file))


def check(store: str | None, records: list[Path]) -> Answer:
    """Check the store, and that it holds what published records say of it."""
    contents = [path.read_bytes() for path in records]
    return at_desk(store, lambda desk: _report(desk.check_store(contents), ""))


def _report(report: StoreReport, text: str) -> Answer:
    rows = [
        (
            say("cli.office.holds") if each.passed else say("cli.office.fails"),
            each.name,
            each.figure if each.passed else f"{each.figure} {each.do}",
        )
        for each in report.checks
    ]
    verdict = say(f"cli.office.store.{'sound' if report.passed else 'unsound'}")
    blocks = (*((Text(text),) if text else ()), table(("result", "check", "figure"), rows))
    return Answer(
        (*blocks, Text(verdict)),
        {"checks": [each.as_json() for each in report.checks], "passed": report.passed},
        Exit.DONE if report.passed else Exit.REFUSED,
    )


def upgrade(store: str | None) -> Answer:
    """Bring an older store to this program's tables."""
    before = upgrade_store(store, actor=from_system().login)
    key = "upgraded" if before else "up-to-date"
    return done(say(f"cli.office.{key}", before=before or ""), before=before)


def keygen(store: str | None, file: Path, ask: Callable[[], str] | None) -> Answer:
    """Make a signing key."""
    password = password_from(ask)

    def make(desk: Desk) -> Answer:
        public = desk.make_key(file, password)
        text = say("cli.office.keygen", file=file, public=public)
        return Answer((Text(text),), {"key": str(file), "public_key": str(public)})

    return at_desk(store, make)
