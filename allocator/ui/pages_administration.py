"""Administration: accounts and roles, who stands back from whom, settings, backups, retention."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from allocator.office.desk import Desk
from allocator.office.roles import PERMITTED, Command, Role, may
from allocator.office.views import AccountView
from allocator.texts import say
from allocator.ui.components import Cell, Column, file_download, section, table
from allocator.ui.fitting import FRAME, ROOM
from allocator.ui.formats import safe
from allocator.ui.navigation import OfficePage, Section
from allocator.ui.session import act, looked_at

_CHOICES = {"outstanding-reports": ("warn", "refuse", "ignore")}
"""Settings that are one of a few words; the others are numbers."""


def show(desk: Desk) -> None:
    """Draw the page."""
    accounts = desk.accounts()
    administers = may(desk.me(), Command.ACCOUNTS)
    _accounts(accounts)
    if administers:
        _add(desk, first=not any(each.active for each in accounts))
        _change(desk, accounts)
        _recusals(desk, accounts)
    _settings(desk)
    if may(desk.me(), Command.BACKUP):
        _backup(desk)
    if may(desk.me(), Command.ERASE):
        _erase(desk)
    _roles()


# --- accounts -----------------------------------------------------------------------------------


def _accounts(accounts: Sequence[AccountView]) -> None:
    section(say("ui.administration.accounts.title"))
    if not accounts:
        st.markdown(say("ui.administration.accounts.none"))
        return
    columns = (
        Column(say("ui.administration.accounts.login")),
        Column(say("ui.administration.accounts.name")),
        Column(say("ui.administration.accounts.roles")),
        Column(say("ui.administration.accounts.recused")),
        Column(say("ui.administration.accounts.active")),
    )
    rows: list[list[Cell]] = [
        [
            each.login,
            each.name,
            ", ".join(_role(role) for role in each.roles),
            ", ".join(each.recused),
            say(f"ui.administration.accounts.{'yes' if each.active else 'no'}"),
        ]
        for each in accounts
    ]
    alt = say("ui.administration.accounts.alt", count=len(rows))
    table(columns, rows, key="accounts", alt=alt, file_name="accounts", height="content")


def _role(role: Role) -> str:
    return say(f"office.role.{role}")


def _add(desk: Desk, *, first: bool) -> None:
    with st.expander(
        say("ui.administration.add.title"), icon=":material/person_add:", expanded=first
    ):
        st.markdown(say(f"ui.administration.add.{'first' if first else 'about'}"))
        with st.form("account-add", border=False, clear_on_submit=True):
            login = st.text_input(say("ui.administration.add.login"), max_chars=200)
            name = st.text_input(say("ui.administration.add.name"), max_chars=200)
            roles = st.multiselect(
                say("ui.administration.add.roles"),
                list(Role),
                default=[Role.ADMINISTRATOR] if first else [],
                format_func=_role,
            )
            pressed = st.form_submit_button(say("ui.administration.add.button"), type="primary")
        if pressed:
            act(
                lambda: desk.add_account(login.strip(), name.strip(), roles),
                say("ui.administration.add.done"),
            )


def _change(desk: Desk, accounts: Sequence[AccountView]) -> None:
    if not accounts:
        return
    with st.expander(say("ui.administration.change.title"), icon=":material/manage_accounts:"):
        chosen = _one(accounts, "account-change")
        seen = looked_at(f"account {chosen.login}", chosen.version)
        with st.form(f"account-roles-{chosen.login}", border=False):
            roles = st.multiselect(
                say("ui.administration.add.roles"),
                list(Role),
                default=list(chosen.roles),
                format_func=_role,
            )
            pressed = st.form_submit_button(say("ui.administration.change.button"))
        if pressed:
            act(
                lambda: desk.set_roles(chosen.login, roles, seen),
                say("ui.administration.change.done"),
            )
        if chosen.active and st.button(
            say("ui.administration.change.deactivate"), key=f"account-off-{chosen.login}"
        ):
            act(
                lambda: desk.deactivate(chosen.login, seen),
                say("ui.administration.change.deactivated"),
            )


def _one(accounts: Sequence[AccountView], key: str) -> AccountView:
    logins = {each.login: each for each in accounts}
    login = st.selectbox(say("ui.administration.accounts.login"), list(logins), key=key)
    return logins[login]


def _recusals(desk: Desk, accounts: Sequence[AccountView]) -> None:
    if not accounts:
        return
    with st.expander(say("ui.administration.recuse.title"), icon=":material/do_not_disturb_on:"):
        st.markdown(say("ui.administration.recuse.about"))
        chosen = _one(accounts, "recuse-account")
        with st.form("recuse", border=False, clear_on_submit=True):
            code = st.text_input(say("ui.administration.recuse.administration"), max_chars=60)
            reason = st.text_area(say("ui.administration.recuse.reason"), max_chars=4000, height=80)
            pressed = st.form_submit_button(say("ui.administration.recuse.button"))
        if pressed:
            act(
                lambda: desk.recuse(chosen.login, code.strip(), reason.strip()),
                say("ui.administration.recuse.done"),
            )
        for each in chosen.recused:
            _lift(desk, chosen, each)


def _lift(desk: Desk, account: AccountView, administration: str) -> None:
    with st.form(f"lift-{account.login}-{administration}", border=True):
        st.markdown(say("ui.administration.recuse.now", administration=safe(administration)))
        reason = st.text_area(say("ui.administration.recuse.reason"), max_chars=4000, height=80)
        if st.form_submit_button(say("ui.administration.recuse.lift")):
            act(
                lambda: desk.lift_recusal(account.login, administration, reason.strip()),
                say("ui.administration.recuse.lifted"),
            )


# --- settings and the store ---------------------------------------------------------------------


def _settings(desk: Desk) -> None:
    section(say("ui.administration.settings.title"))
    can = may(desk.me(), Command.SETTINGS)
    for name, value in desk.settings().items():
        with st.form(f"setting-{name}", border=True):
            given = _value(name, value, disabled=not can)
            pressed = st.form_submit_button(
                say("ui.administration.settings.button"), disabled=not can
            )
        if pressed:
            act(
                lambda name=name, given=given: desk.set_setting(name, given),  # type: ignore[misc]
                say("ui.administration.settings.done"),
            )


def _value(name: str, value: str | int, *, disabled: bool) -> str | int:
    """Ask for the value of a setting: one of a few words, or a number."""
    label = say(f"ui.administration.setting.{name}")
    if name not in _CHOICES:
        return st.number_input(
            label, min_value=0, max_value=10_000, value=int(value), disabled=disabled
        )
    words = {each: say(f"ui.administration.choice.{name}.{each}") for each in _CHOICES[name]}
    chosen = st.selectbox(
        label,
        list(words),
        index=list(words).index(str(value)),
        disabled=disabled,
        format_func=words.__getitem__,
    )
    return str(chosen)


def _backup(desk: Desk) -> None:
    section(say("ui.administration.backup.title"))
    st.markdown(say("ui.administration.backup.about"))
    file_download(
        say("ui.administration.backup.button"),
        lambda: _backed_up(desk),
        "allocator-backup.zip",
        "application/zip",
        key="backup",
    )


def _backed_up(desk: Desk) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "backup.zip")
        desk.backup(path)
        return path.read_bytes()


def _erase(desk: Desk) -> None:
    section(say("ui.administration.erase.title"))
    st.markdown(say("ui.administration.erase.about"))
    with st.form("erase", border=True, clear_on_submit=True):
        person = st.text_input(say("ui.administration.erase.person"), max_chars=200)
        reason = st.text_area(say("ui.administration.erase.reason"), max_chars=4000, height=80)
        sure = st.checkbox(say("ui.administration.erase.sure"))
        pressed = st.form_submit_button(say("ui.administration.erase.button"))
    if pressed and not sure:
        st.error(say("ui.administration.erase.not-sure"), icon=":material/block:")
    elif pressed:
        act(
            lambda: desk.erase(person.strip(), reason.strip()),
            say("ui.administration.erase.done"),
        )


def _roles() -> None:
    """Show the one table of who may do what."""
    with st.expander(say("ui.administration.table.title"), icon=":material/table:"):
        columns = [
            Column(say("ui.administration.table.command")),
            *(Column(_role(role)) for role in Role),
        ]
        rows: list[list[Cell]] = [
            [
                say(f"office.command.{command}"),
                *("✓" if role in PERMITTED[command] else "" for role in Role),
            ]
            for command in Command
        ]
        alt = say("ui.administration.table.alt")
        table(
            columns,
            rows,
            key="roles",
            alt=alt,
            file_name="roles",
            height="content",
            room=ROOM - FRAME,
        )


PAGE = OfficePage(
    "administration",
    Section.OFFICE,
    10,
    ":material/admin_panel_settings:",
    Command.SEE_ACCOUNTS,
    show,
)
