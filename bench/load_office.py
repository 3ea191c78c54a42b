"""An invented office of any size for measuring the workbench: people, rounds, their allocations.

A round has one meeting, applications from all Member States, four funds of which three are
earmarked, money for about half of what one full award for every State would cost, and the policy
that ships with the program.
"""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from allocator.countries import display_name, member_states
from allocator.office.desk import Desk, open_desk
from allocator.office.identity import Identity
from allocator.office.keys import make_key
from allocator.office.roles import Role, Source
from allocator.office.store import open_store
from tools.make_samples import COLUMNS, Call, as_csv, draw, nomination, person

PEOPLE = {
    Role.OFFICER: "officer@example.org",
    Role.APPROVER: "approver@example.org",
    Role.AUDITOR: "auditor@example.org",
    Role.ANALYST: "analyst@example.org",
    Role.ADMINISTRATOR: "administrator@example.org",
}
DECIDED_ON = date(2026, 1, 30)
STARTS = date(2026, 3, 2)
DAYS_EARLY = 42
FULL_AWARD = 6_000
"""Francs that a full award costs, more or less."""

ROUND = """\
id: {id}
title: Invented round of {size} applications ({id})
currency: CHF
decision_date: {decided}
financial_year: "2026"
lottery_seed: {id}
policy: itu-t-2024
eligible_member_states: [{states}]
meetings:
  - id: {id}
    title: Meeting of {id}
    study_group: SG13
    starts: {starts}
    ends: {ends}
    city: Geneva
    country: Switzerland
    dsa_per_day: 400
    days_paid: 9
    deadline: {deadline}
funds:
  - {{id: general, title: General, amount: {general}}}
  - {{id: ldc, title: Least developed countries, amount: {ldc}, only: {{country_group: [ldc]}}}}
  - {{id: africa, title: Africa, amount: {region}, only: {{region: [Africa]}}}}
  - {{id: americas, title: Americas, amount: {region}, only: {{region: [Americas]}}}}
exchange_rates:
  - {{currency: EUR, rate: "0.94", from: 2026-01-01, source: example rate}}
  - {{currency: USD, rate: "0.81", from: 2026-01-01, source: example rate}}
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an office holds: the size of every round in their order, and which are published.

    A publication counts for the rounds after it.
    """

    sizes: dict[str, int]
    published: tuple[str, ...] = ()
    unproven_after: float | None = None
    """Seconds for each allocation; none, as long as it takes."""

    processes: int = 2
    """How many share the margins."""


def round_files(id: str, size: int) -> dict[str, bytes]:
    """Return the files of an invented round, always the same ones.

    Parameters
    ----------
    id : str
        Of the round and of its one meeting.
    size : int
        How many apply.
    """
    states = member_states(DECIDED_ON)
    call = Call(id, STARTS - timedelta(days=DAYS_EARLY), size)
    rows = []
    for number in range(size):
        key = f"{id} {number}"
        state = display_name(states[draw(f"state {key}", len(states))])
        fare = 400 + draw(f"fare of {state}", 1200)
        asked = nomination(key, call, fare)
        ids = {"application_id": f"{id}-{number:05d}", "person_id": _person_id(key)}
        quote = {"ticket_cost": asked["ticket_cost"] or f"{fare}.00"}
        rows.append(person(key, state) | asked | quote | ids)
    money = min(size, len(states)) * FULL_AWARD // 2
    text = ROUND.format(
        id=id,
        size=size,
        decided=DECIDED_ON,
        starts=STARTS,
        ends=STARTS + timedelta(days=7),
        deadline=call.deadline,
        states=", ".join(states),
        general=money * 6 // 10,
        ldc=money * 2 // 10,
        region=money // 10,
    )
    return {"round.yaml": text.encode(), "applications.csv": as_csv(COLUMNS, rows).encode()}


def _person_id(key: str) -> str:
    """Return an id that is nobody else's, also among ten thousand."""
    return f"P{sha256(key.encode()).hexdigest()[:12].upper()}"


def make_office(path: Path, plan: Plan) -> None:
    """Make a store with an account for every role and the rounds of a plan, all allocated."""
    with open_store(path) as store:

        def desk(role: Role) -> Desk:
            return open_desk(store, Identity(PEOPLE[role], PEOPLE[role], Source.SYSTEM))

        founder = open_desk(store, Identity("founder", "founder", Source.SYSTEM))
        for role in (Role.ADMINISTRATOR, *(each for each in PEOPLE if each != Role.ADMINISTRATOR)):
            giver = founder if role is Role.ADMINISTRATOR else desk(Role.ADMINISTRATOR)
            giver.add_account(PEOPLE[role], role.value.capitalize(), [role])
        officer = desk(Role.OFFICER)
        for id, size in plan.sizes.items():
            officer.create_round(round_files(id, size))
            officer.check(id, None)
            officer.run(id, time_limit=plan.unproven_after, processes=plan.processes)
            if id in plan.published:
                _publish(officer, desk(Role.APPROVER), id, path)


def _publish(officer: Desk, approver: Desk, id: str, store: Path) -> None:
    proposed = officer.propose(id, officer.runs(id)[0].id, None)
    approver.approve(id, proposed.signoffs[0].fingerprint, None)
    place = Path(tempfile.mkdtemp())
    try:
        make_key(place / "key.pem", store)
        officer.publish(id, place / "key.pem", None)
    finally:
        shutil.rmtree(place)
