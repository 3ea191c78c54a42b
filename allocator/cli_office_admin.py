"""``allocator office``: accounts, settings, and the store itself."""

from pathlib import Path
from typing import Annotated

from allocator.cli_office import (
    AsJson,
    AskPassword,
    Login,
    Reason,
    Roles,
    Seen,
    Store,
    argument,
    asked_for,
    command,
    finish,
    option,
    sub,
)
from allocator.cli_office_after import account_app, office_app

__all__ = ["office_app"]


@sub(account_app, "account", "add")
def account_add(
    login: Login,
    role: Roles,
    name: Annotated[str, option("name", "--name", metavar="NAME")] = "",
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Add an account."""
    finish("account add", "after", lambda do: do.account_add(store, login, name, role), as_json)


@sub(account_app, "account", "roles")
def account_roles(
    login: Login, role: Roles, seen: Seen = None, store: Store = None, as_json: AsJson = False
) -> None:
    """Give other roles."""
    finish("account roles", "after", lambda do: do.account_roles(store, login, role, seen), as_json)


@sub(account_app, "account", "deactivate")
def account_deactivate(
    login: Login, seen: Seen = None, store: Store = None, as_json: AsJson = False
) -> None:
    """Deactivate an account."""
    finish(
        "account deactivate", "after", lambda do: do.account_deactivate(store, login, seen), as_json
    )


@sub(account_app, "account", "list")
def account_list(store: Store = None, as_json: AsJson = False) -> None:
    """List the accounts."""
    finish("account list", "after", lambda do: do.account_list(store), as_json)


@command(office_app, "recuse")
def recuse(
    login: Login,
    administration: Annotated[str, argument("administration", "ADMINISTRATION")],
    reason: Reason,
    lift: Annotated[bool, option("lift", "--lift")] = False,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Record a recusal."""
    asked = (login, administration, reason, lift)
    finish("recuse", "after", lambda do: do.recuse(store, *asked), as_json)


@command(office_app, "settings")
def settings(
    name: Annotated[str | None, argument("setting", "[NAME]")] = None,
    value: Annotated[str | None, argument("value", "[VALUE]")] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Show or change settings."""
    finish("settings", "after", lambda do: do.settings(store, name, value), as_json)


@command(office_app, "erase")
def erase(
    person: Annotated[str, argument("person", "PERSON")],
    reason: Reason,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Erase personal data."""
    finish("erase", "after", lambda do: do.erase(store, person, reason), as_json)


@command(office_app, "backup")
def backup(
    file: Annotated[Path, argument("backup", "FILE")], store: Store = None, as_json: AsJson = False
) -> None:
    """Back up the store."""
    finish("backup", "after", lambda do: do.backup(store, file), as_json)


@command(office_app, "restore")
def restore(
    file: Annotated[Path, argument("backup", "FILE")], store: Store = None, as_json: AsJson = False
) -> None:
    """Restore a backup."""
    finish("restore", "after", lambda do: do.restore(store, file), as_json)


@command(office_app, "check")
def check(
    records: Annotated[list[Path] | None, argument("records", "[RECORD]")] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Check the store."""
    finish("check", "after", lambda do: do.check(store, records or []), as_json)


@command(office_app, "upgrade")
def upgrade(store: Store = None, as_json: AsJson = False) -> None:
    """Upgrade the store."""
    finish("upgrade", "after", lambda do: do.upgrade(store), as_json)


@command(office_app, "keygen")
def keygen(
    file: Annotated[Path, argument("key", "FILE")],
    password: AskPassword = False,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Make a signing key."""
    asked = (file, asked_for(password, twice=True))
    finish("keygen", "after", lambda do: do.keygen(store, *asked), as_json)
