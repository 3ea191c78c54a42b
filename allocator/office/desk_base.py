"""What every command of the desk has in common: who may give it, one transaction, one log.

``@command(Command.X)`` asks the one function that knows who may do what, before anything else
happens; within the transaction of a change it is asked again, so that rights taken back meanwhile
do not help. A refusal that concerns rights is logged as an event of its own.
"""

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, Concatenate

from allocator.errors import AllocatorError, Problem, problem
from allocator.office.desk_words import event_sentence, number_of
from allocator.office.identity import Identity
from allocator.office.roles import Actor, Command, Role, Source, may, permit
from allocator.office.settings import secret_of
from allocator.office.store import Event, Reader, Stale, Store, Unit, subject_of
from allocator.office.store_rows import (
    AccountRoleRow,
    AccountRow,
    EventRow,
    RecusalRow,
    RoundRow,
    RunRow,
    VersionedRow,
)

LOGGED = frozenset(
    {
        *("office-not-permitted", "office-no-account", "office-recused", "office-four-eyes"),
        *("office-single-approval", "store-four-eyes"),
    }
)
"""Refusals that concern rights, which the log keeps."""

OF_THE_OFFICE = frozenset(
    {
        *("office-account-exists", "office-no-such-account", "office-unknown-role"),
        *("office-being-signed", "office-no-policy", "office-no-round", "office-no-run"),
        *("office-not-final", "office-not-published", "office-retention-open"),
        *("office-setting", "office-setting-number"),
    }
)
"""Refusals that name rounds, runs, accounts, roles and settings, but nothing of anybody's files."""


COMMANDS: dict[str, Command] = {}
"""Which command every method of the desk is."""


def command[S: "Base", **P, T](
    asked: Command,
) -> Callable[[Callable[Concatenate[S, P], T]], Callable[Concatenate[S, P], T]]:
    """Make a method of the desk a command that needs a right.

    Parameters
    ----------
    asked : Command
        What is asked of the office.
    """

    def wrap(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
        @wraps(method)
        def carried_out(self: S, *args: P.args, **kwargs: P.kwargs) -> T:
            try:
                with self.store.reading() as reader:
                    self.demand(self.actor(reader), asked)
                return method(self, *args, **kwargs)
            except Stale as stale:
                refused = AllocatorError(_changed_meanwhile(stale))
            except AllocatorError as error:
                if error.code in LOGGED:
                    self.log_refusal(asked, error)
                refused = error
            typed = [each for each in (*args, *kwargs.values()) if isinstance(each, str)]
            raise self.told(refused, typed) from None

        COMMANDS[method.__name__] = asked
        return carried_out  # type: ignore[return-value]

    return wrap


class Base:
    """A person at the desk of a store."""

    def __init__(self, store: Store, identity: Identity) -> None:
        self.store, self.identity = store, identity
        self.secret = secret_of(store)

    def actor(self, reader: Reader) -> Actor:
        """Return the person with the roles that the store gives now.

        Where nobody has ever been given a role, whoever runs the program is alone and does
        everything but approve; not so a person who signs in over the network.
        """
        login, name, source = self.identity.login, self.identity.name, self.identity.source
        if source is not Source.OIDC and not reader.find(AccountRoleRow, limit=1):
            return Actor(login, tuple(Role), Source.SINGLE, name)
        account = reader.get(AccountRow, login)
        if account is None or not account.active:
            return Actor(login, (), source, name)
        rows = reader.find(AccountRoleRow, account=login, active=True)
        given = {row.role for row in rows}
        return Actor(login, tuple(r for r in Role if r.value in given), source, account.name)

    def demand(self, actor: Actor, asked: Command) -> None:
        """Refuse a command that the person may not give.

        Raises
        ------
        AllocatorError
            ``office-no-account`` or ``office-not-permitted``.
        """
        if not actor.roles:
            raise AllocatorError(problem("office-no-account", login=actor.login))
        permit(actor, asked)

    def sees_persons(self, reader: Reader) -> bool:
        """Tell whether the person may see names, person ids and free text."""
        return may(self.actor(reader), Command.SEE_PERSONAL)

    def told(self, error: AllocatorError, typed: Container[str]) -> AllocatorError:
        """Return a refusal as this person may see it; the desk as a whole knows what that is.

        Parameters
        ----------
        error : AllocatorError
            The refusal.
        typed : container of str
            What the person asked with, which they know already.
        """
        return error

    @contextmanager
    def change(self, asked: Command) -> Iterator[Unit]:
        """Open the transaction of a command, and ask for its right once more inside it."""
        with self.store.transaction() as unit:
            self.demand(self.actor(unit), asked)
            yield unit

    def tell(self, unit: Unit, kind: str, subject: str, **payload: Any) -> EventRow:
        """Append the event that tells a change by this person."""
        return unit.append(Event(kind, self.identity.login, subject, payload))

    def log_refusal(self, asked: Command, error: AllocatorError) -> None:
        """Keep in the log that something was refused; nothing a caller passed is repeated.

        Where the store cannot be written to, what was refused stays refused.
        """
        with suppress(AllocatorError), self.store.transaction() as unit:
            subject = f"account:{self.identity.login}"
            self.tell(unit, "refused", subject, command=asked.value, code=error.code)

    def refuse_if_recused(self, reader: Reader, administrations: tuple[str, ...]) -> None:
        """Refuse what concerns an administration that the person stands back from.

        Raises
        ------
        AllocatorError
            ``office-recused``, naming the administrations.
        """
        rows = reader.find(RecusalRow, account=self.identity.login, active=True)
        concerned = sorted({row.administration for row in rows} & set(administrations))
        if concerned:
            raise AllocatorError(problem("office-recused", value=", ".join(concerned)))

    def the_round(self, reader: Reader, round_id: str) -> RoundRow:
        """Return a round.

        Raises
        ------
        AllocatorError
            ``office-no-round``.
        """
        row = reader.get(RoundRow, round_id)
        if row is None:
            raise AllocatorError(problem("office-no-round", value=round_id))
        return row

    def the_run(self, reader: Reader, run_id: str) -> RunRow:
        """Return a run.

        Raises
        ------
        AllocatorError
            ``office-no-run``.
        """
        number = number_of(run_id)
        row = None if number is None else reader.get(RunRow, number)
        if row is None:
            raise AllocatorError(problem("office-no-run", value=run_id))
        return row


def seen_of(row: VersionedRow, seen: int | None) -> int:
    """Return the version a person saw; ``None`` says that nobody looked, so it is today's."""
    return row.version if seen is None else seen


def guard_seen(reader: Reader, row: VersionedRow, key: str, seen: int | None) -> None:
    """Refuse at once what was decided on an earlier version, before anything else is looked at.

    Raises
    ------
    Stale
        With what happened since.
    """
    if seen is not None and seen != row.version:
        subject = subject_of(type(row), key)
        since = max(0, min(seen, row.version))  # whatever was typed, the database can look it up
        raise Stale(row, reader.events(subject=subject, since=since) or _last(reader, row))


def _last(reader: Reader, row: VersionedRow) -> tuple[EventRow, ...]:
    return reader.find(EventRow, seq=row.version)


def _changed_meanwhile(stale: Stale) -> Problem:
    """Return who changed what meanwhile, in words."""
    who = ", ".join(dict.fromkeys(each.actor for each in stale.events))
    what = " ".join(event_sentence(each) for each in stale.events[-5:])
    return problem("office-stale", who=who, what=what)
