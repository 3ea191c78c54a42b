"""Accounts, settings and the store itself: for administrators, who decide nothing."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from allocator.errors import AllocatorError, problem
from allocator.office.desk_base import Base, command, guard_seen, seen_of
from allocator.office.desk_outputs import head_in
from allocator.office.desk_show import account_view
from allocator.office.desk_words import number_of
from allocator.office.roles import Command, Role, Source
from allocator.office.settings import REPORT_CHOICES, REPORT_DAYS, REPORTS, RETENTION, SETTINGS
from allocator.office.store import Unit, subject_of
from allocator.office.store_backup import Backup, backup
from allocator.office.store_check import StoreReport, check_store
from allocator.office.store_rows import (
    AccountRoleRow,
    AccountRow,
    PublicationRow,
    RunRow,
    SettingRow,
)
from allocator.office.views import AccountView
from allocator.record.check_container import SIGNATURE, unpacked
from allocator.record.record import manifest_digest


class Administration(Base):
    """Commands of administrators."""

    @command(Command.ACCOUNTS)
    def add_account(self, login: str, name: str, roles: Iterable[Role | str]) -> AccountView:
        """Add a person to the office; the first must be an administrator.

        Parameters
        ----------
        login : str
            The operating system's account, or the e-mail address of the sign-in provider, which is
            kept in small letters as those who sign in are.
        name : str
            What the person is called.
        roles : iterable of Role
            At least one.
        """
        given = known_roles(roles)
        login = login.strip()
        login = login.lower() if "@" in login else login
        if not login:
            raise AllocatorError(problem("office-login-empty"))
        with self.change(Command.ACCOUNTS) as unit:
            first = self.actor(unit).source is Source.SINGLE
            if first and Role.ADMINISTRATOR not in given:
                raise AllocatorError(problem("office-first-administrator"))
            row = unit.get(AccountRow, login)
            alike = (each.login for each in unit.find(AccountRow))
            other = next((e for e in alike if e.casefold() == login.casefold()), login)
            if other != login:
                raise AllocatorError(problem("office-account-exists", value=other))
            if row is not None and (row.active and unit.find(AccountRoleRow, account=login)):
                raise AllocatorError(problem("office-account-exists", value=login))
            if row is None:
                row = unit.insert(AccountRow, login=login, name=name or login, active=True)
            else:
                row = unit.update(AccountRow, login, row.version, name=name or login, active=True)
            self._give(unit, login, given)
            subject = subject_of(AccountRow, login)
            self.tell(unit, "account-added", subject, login=login, roles=[r.value for r in given])
            return account_view(unit, row)

    @command(Command.ACCOUNTS)
    def set_roles(self, login: str, roles: Iterable[Role | str], seen: int | None) -> AccountView:
        """Give an account these roles instead of those it has."""
        given = known_roles(roles)
        with self.change(Command.ACCOUNTS) as unit:
            row = self._account(unit, login, seen)
            if Role.ADMINISTRATOR not in given:
                self._keep_an_administrator(unit, login)
            self._give(unit, login, given)
            row = unit.update(AccountRow, login, seen_of(row, seen), active=True)
            subject = subject_of(AccountRow, login)
            self.tell(unit, "roles-set", subject, login=login, roles=[r.value for r in given])
            return account_view(unit, row)

    @command(Command.ACCOUNTS)
    def deactivate(self, login: str, seen: int | None) -> AccountView:
        """Take all rights from an account; its name stays on what it did."""
        with self.change(Command.ACCOUNTS) as unit:
            row = self._account(unit, login, seen)
            self._keep_an_administrator(unit, login)
            row = unit.update(AccountRow, login, seen_of(row, seen), active=False)
            self.tell(unit, "account-deactivated", subject_of(AccountRow, login), login=login)
            return account_view(unit, row)

    @command(Command.SETTINGS)
    def set_setting(self, name: str, value: str | int) -> Mapping[str, Any]:
        """Change a setting of the office, and return it with its name.

        Raises
        ------
        AllocatorError
            ``office-setting`` for a name or a value there is not.
        """
        content = _setting_value(name, str(value))
        with self.change(Command.SETTINGS) as unit:
            row = unit.get(SettingRow, name)
            if row is None:
                unit.insert(SettingRow, name=name, content=content)
            else:
                unit.update(SettingRow, name, row.version, content=content)
            subject = subject_of(SettingRow, name)
            self.tell(unit, "setting-set", subject, setting=name, content=content)
        return {name: content}

    @command(Command.BACKUP)
    def backup(self, path: Path) -> Backup:
        """Write a backup of the whole store while others go on working; it holds personal data.

        Raises
        ------
        AllocatorError
            ``store-backup-exists``, ``store-backup-write``.
        """
        made = backup(self.store, path)
        with self.change(Command.BACKUP) as unit:
            self.tell(unit, "backed-up", "store", seq=made.head.seq, hash=made.head.hash)
        return made

    @command(Command.SEE_STORE)
    def check_store(self, records: Iterable[bytes] = ()) -> StoreReport:
        """Check the whole store, and that it holds what published records say of it.

        Parameters
        ----------
        records : iterable of bytes
            Published records that are kept elsewhere: a store set back to an old backup does not
            hold them.

        Raises
        ------
        AllocatorError
            ``office-not-published`` for the record of a run that was never published; a signed
            one was, so a store that does not know of it was set back.
        """
        return check_store(self.store, pinned=[self._pin(each) for each in records])

    def _pin(self, record: bytes) -> tuple[int, str, int, str]:
        """Return what a record says of the log, with the number it was published under here."""
        head, signed = head_in(record), SIGNATURE in unpacked(record)
        fingerprint = manifest_digest(record)
        with self.store.reading() as reader:
            found = reader.find(PublicationRow, manifest=fingerprint)
            run = next(iter(reader.find(RunRow, manifest=fingerprint)), None)
        if run is not None and not found and not signed:
            raise AllocatorError(problem("office-not-published", value=str(run.id)))
        return found[0].number if found else 0, fingerprint, head.seq, head.hash

    def _account(self, unit: Unit, login: str, seen: int | None) -> AccountRow:
        row = unit.get(AccountRow, login)
        if row is None:
            raise AllocatorError(problem("office-no-such-account", value=login))
        guard_seen(unit, row, login, seen)
        return row

    def _give(self, unit: Unit, login: str, given: tuple[Role, ...]) -> None:
        had = {each.role: each for each in unit.find(AccountRoleRow, account=login)}
        for role in Role:
            row, active = had.get(role.value), role in given
            if row is None and active:
                unit.insert(AccountRoleRow, account=login, role=role.value, active=True)
            elif row is not None and row.active != active:
                unit.update(AccountRoleRow, row.id, row.version, active=active)

    def _keep_an_administrator(self, unit: Unit, login: str) -> None:
        """Refuse to take the office's last administrator away."""
        rows = unit.find(AccountRoleRow, role=Role.ADMINISTRATOR.value, active=True)
        active = {row.login for row in unit.find(AccountRow, active=True)}
        if {row.account for row in rows} & active == {login}:
            raise AllocatorError(problem("office-last-administrator"))


NUMBERS = {REPORT_DAYS: (0, 10_000), RETENTION: (1, 100)}
"""The settings that are numbers, each with the least and the most it can be: days, years."""


def known_roles(roles: Iterable[Role | str]) -> tuple[Role, ...]:
    """Return roles in their order, each once.

    Raises
    ------
    AllocatorError
        ``office-no-role`` for none, ``office-unknown-role`` for a word that is none.
    """
    words = {str(each) for each in roles}
    unknown = sorted(words - {role.value for role in Role})
    if unknown:
        every = ", ".join(role.value for role in Role)
        raise AllocatorError(problem("office-unknown-role", value=unknown[0], roles=every))
    if not words:
        raise AllocatorError(problem("office-no-role"))
    return tuple(role for role in Role if role.value in words)


def _setting_value(name: str, value: str) -> str | int:
    if name == REPORTS and value in REPORT_CHOICES:
        return value
    if name in NUMBERS:
        least, most = NUMBERS[name]
        number = number_of(value)
        if number is None or not least <= number <= most:
            raise AllocatorError(
                problem("office-setting-number", value=value, least=least, most=most)
            )
        return number
    raise AllocatorError(problem("office-setting", value=name, settings=", ".join(SETTINGS)))
