"""An office for the tests: people with roles, tiny rounds decided at once, a signing key."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from allocator.errors import AllocatorError
from allocator.office.desk import Desk, open_desk
from allocator.office.identity import Identity
from allocator.office.keys import make_key
from allocator.office.roles import Role, Source
from allocator.office.store import Store, open_store
from allocator.office.views import LedgerLine, RunView
from tests.shared import made_once

PEOPLE = {
    "ada": (Role.ADMINISTRATOR,),
    "olu": (Role.OFFICER,),
    "kim": (Role.APPROVER,),
    "sam": (Role.AUDITOR,),
    "ana": (Role.ANALYST,),
}
HEADERS = (
    "application_id,person_id,family_name,given_name,gender,administration,meeting,requested,"
    "accepts_partial,ticket_cost,ticket_currency,contributions,role,first_time,specific_needs,"
    "registration_approved,authorised,received,remarks"
)
STATES = ("Kenya", "Mali", "Nepal", "Samoa", "Togo", "Zambia", "Fiji", "Benin")


@dataclass
class Office:
    """A store with people at their desks."""

    store: Store
    folder: Path
    desks: dict[str, Desk] = field(default_factory=dict)

    def __getattr__(self, login: str) -> Desk:
        if login.startswith("_"):
            raise AttributeError(login)
        if login not in self.desks:
            self.desks[login] = desk_of(self.store, login)
        return self.desks[login]

    @property
    def key(self) -> Path:
        """The officer's key, made at first."""
        path = self.folder / "keys" / "officer"
        if not path.exists():
            path.parent.mkdir(mode=0o700)
            make_key(path, None)
        return path

    def published(self, name: str = "one", **about: object) -> tuple[str, RunView]:
        """Take a tiny round all the way to its publication."""
        round_id, run = self.proposed(name, **about)
        self.kim.approve(round_id, run.fingerprint or "", None)
        self.olu.publish(round_id, self.key, None)
        return round_id, run

    def proposed(self, name: str = "one", **about: object) -> tuple[str, RunView]:
        """Take a tiny round to its proposal."""
        round_id = self.checked(name, **about)
        run = self.olu.run(round_id)
        self.olu.propose(round_id, run.id, None)
        return round_id, run

    def checked(self, name: str = "one", **about: object) -> str:
        """Make a tiny round that can be run."""
        round_id = self.olu.create_round(tiny(name, **about)).summary.id  # type: ignore[arg-type]
        assert self.olu.check(round_id, None).can_run
        return round_id


def desk_of(store: Store, login: str) -> Desk:
    """Return the desk of a person of the operating system."""
    return open_desk(store, Identity(login, f"Person {login}", Source.SYSTEM))


@contextmanager
def office_in(folder: Path, url: str | None = None, **how: Any) -> Iterator[Office]:
    """Open an office where everybody has an account, the administrator first.

    In a file with nothing special about it, it is a copy of one that was made once.
    """
    path = folder / "store" / "office.db"
    made = url is None and not how and not path.exists()
    if made:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(made_once("staffed.db", _staffed), path)
    with open_store(url or path, **how) as store:
        office = Office(store, folder)
        if not made:
            _let_in(office)
        yield office


def _staffed(path: Path) -> None:
    with open_store(path) as store:
        _let_in(Office(store, path.parent))


def _let_in(office: Office) -> None:
    for login, roles in PEOPLE.items():
        office.ada.add_account(login, f"Person {login}", roles)


@cache
def policy() -> bytes:
    """Return the usual policy."""
    from allocator.policy import policy_bytes

    return policy_bytes("itu-t-2024")[0]


def tiny(
    name: str = "one",
    *,
    persons: tuple[str, ...] = ("P1", "P2", "P3", "P4", "P5", "P6"),
    money: int = 12_000,
    month: int = 3,
    year: str = "2026",
) -> dict[str, bytes]:
    """Return the files of a round: one meeting, one fund, an application of every person."""
    about = f"""
id: {name}
title: Round {name}
currency: CHF
decision_date: 2026-01-12
financial_year: "{year}"
lottery_seed: {name}, as published
policy: itu-t-2024
meetings:
  - id: {name}-sg
    title: Meeting {name}
    study_group: SG13
    starts: 2026-{month:02d}-02
    ends: 2026-{month:02d}-06
    city: Geneva
    country: Switzerland
    dsa_per_day: 300
    days_paid: 5
    deadline: 2026-01-05
funds:
  - {{id: main, title: Main fund, amount: {money}}}
exchange_rates: []
"""
    rows = [HEADERS]
    for at, person in enumerate(persons):
        gender = "female" if at % 2 else "male"
        who = f"{person},Family{person},Given{person},{gender}"
        rows.append(
            f"{name}-A{at + 1},{who},{STATES[at]},{name}-sg,"
            f"full,yes,{700 + 150 * at}.00,CHF,{at},rapporteur,yes,no,yes,yes,2025-12-{10 + at},"
            f"private remark {person}"
        )
    return {
        "round.yaml": about.encode(),
        "applications.csv": ("\n".join(rows) + "\n").encode(),
    }


def awarded(desk: Desk, run: RunView) -> list[str]:
    """Return the applications a run awards."""
    return [award.application_id for award in desk.result(run.id).allocation.awards]


def balanced(lines: tuple[LedgerLine, ...]) -> bool:
    """Tell whether every line reconciles to the centime."""
    return all(
        each.allocated is None
        or (
            each.allocated == each.committed + each.paid + (each.free or 0)
            and each.free is not None
        )
        for each in lines
    )


def sample(name: str) -> bytes:
    """Return a file of the shipped sample."""
    return (resources.files("allocator") / "samples" / "one-meeting" / name).read_bytes()


def refusal(action: Callable[[], object]) -> AllocatorError:
    with pytest.raises(AllocatorError) as refused:
        action()
    return refused.value


def code(action: Callable[[], object]) -> str:
    return refusal(action).code


def signed_again(office: Office, run: RunView) -> None:
    """Propose, approve and publish a reallocation."""
    office.olu.propose(run.round, run.id, None)
    office.kim.approve(run.round, run.fingerprint or "", None)
    office.olu.publish(run.round, office.key, None)
