"""The people of the tests' office: one for each role, invented, and a store in which they work."""

from pathlib import Path

from allocator.office.desk import Desk, open_desk
from allocator.office.identity import Identity
from allocator.office.roles import Role, Source
from allocator.office.store import Store, open_store

PEOPLE = {
    "officer@example.org": ("Robin Sample", (Role.OFFICER,)),
    "approver@example.org": ("Kim Sample", (Role.APPROVER,)),
    "auditor@example.org": ("Alex Sample", (Role.AUDITOR,)),
    "analyst@example.org": ("Sam Sample", (Role.ANALYST,)),
    "administrator@example.org": ("Toni Sample", (Role.ADMINISTRATOR,)),
}
"""Login, name and roles; ``nobody@example.org`` can sign in too and has no account."""

OFFICER, APPROVER, AUDITOR, ANALYST, ADMINISTRATOR = PEOPLE
NOBODY = "nobody@example.org"


def desk_of(store: Store, login: str) -> Desk:
    """Return the desk of a store for one of the people."""
    return open_desk(store, Identity(login, login, Source.SYSTEM))


def make_office(path: Path, *, sample: bool) -> None:
    """Make a store with the people, and the sample round if wanted."""
    with open_store(path) as store:
        founder = desk_of(store, "founder")
        order = sorted(PEOPLE, key=lambda login: login != ADMINISTRATOR)
        founder.add_account(ADMINISTRATOR, *PEOPLE[ADMINISTRATOR])
        for login in order[1:]:
            desk_of(store, ADMINISTRATOR).add_account(login, *PEOPLE[login])
        if sample:
            desk_of(store, OFFICER).create_sample()
