"""How quick the workbench is, for one person and for ten at once: ``python -m bench --only load``.

``allocator serve`` runs on a fresh office with one round of 10,000 applications and one of 500,
both allocated. One person sits at a real Chromium; the others speak the browser's protocol
(``bench/load_client.py``), because ten browsers would take the processors from the server. Times
are by the clock; the server's processor seconds stand beside them.
"""

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Event as Signal
from threading import Thread
from time import monotonic, sleep
from unittest.mock import patch
from urllib.parse import quote

from playwright.sync_api import Page

from allocator.office.roles import Role
from allocator.office.store import Event, open_store
from allocator.texts import say
from bench.load_client import Person, sign_in
from bench.load_office import PEOPLE, Plan, make_office
from tests.ui.browsing import Visits, Workbench, settled
from tests.ui.provider import Provider

ROUNDS = ("five-hundred", "five-hundred-2", "five-hundred-3")
"""Rounds of 500 applications: how long one takes to decide differs from round to round."""

ROUND, BIG = ROUNDS[0], "ten-thousand"
PLAN = Plan({"earlier": 200, **dict.fromkeys(ROUNDS, 500), BIG: 10_000}, published=("earlier",))
ROLES = (Role.OFFICER, Role.AUDITOR, Role.ANALYST)
PAGES = ("rounds", "applications", "policy", "allocation", "why", "compare", "audit", "signoff")
"""The pages of officers, auditors and analysts alike."""

WEIGHTS = f"allocation?part={quote(say('ui.allocation.tab.weights'))}&round="
DECISIONS = f"allocation?part={quote(say('ui.allocation.tab.decisions'))}&round="
PAUSE = (5.0, 10.0)
"""Seconds between what a person sees and does next: at least, at most."""

SHORTER, NONE = (0.5, 1.0), (0.0, 0.0)
"""Pauses of somebody alone, who disturbs nobody, and of people in a hurry."""

STATES = ("started", "new tab", "again", "forgotten")
"""In which a page is opened, in the order of what ``pages`` gives."""

BLANK = "about:blank"

STEPS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
"""By so many points a weight is turned."""

PRESSES = 3
"""Presses of a key until it is taken: what is being drawn anew takes none."""

TURNED = 0.3
"""Part of what people do that turns a weight; the rest opens a page, of either round."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: turns of a weight for each round, people, seconds."""

    turns: int = 15
    people: int = 10
    alone: float = 120.0
    together: float = 180.0
    hurried: float = 40.0


# --- the server ---------------------------------------------------------------------------------


@dataclass
class Served:
    """A workbench that is served, and who signs people in."""

    workbench: Workbench
    provider: Provider
    cookies: dict[Role, dict[str, str]] = field(default_factory=dict)

    def person(self, role: Role) -> Person:
        """Return a new session of somebody with a role, without a browser."""
        if role not in self.cookies:
            self.cookies[role] = sign_in(self.workbench.url, self.provider.url, PEOPLE[role])
        return Person(self.workbench.url, self.cookies[role])

    def processor(self) -> float:
        """Return the processor seconds that the server has used so far."""
        assert self.workbench.process is not None
        stat = Path(f"/proc/{self.workbench.process.pid}/stat").read_text()
        user, system = stat.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def forget(self) -> None:
        """Let the server forget all it has read, as it does when somebody was erased."""
        with open_store(self.workbench.store) as store, store.transaction() as unit:
            unit.append(Event("measured", "system", "store", {}))


@contextmanager
def serving(plan: Plan, made: Path | None = None) -> Iterator[Served]:
    """Serve a fresh office; ``made`` is a file it is copied from, or kept in if there is none."""
    provider = Provider()
    with (
        tempfile.TemporaryDirectory() as name,
        patch.dict(os.environ, {"XDG_DATA_HOME": name}),
    ):
        folder = Path(name)
        store = folder / "office.db"
        if made is not None and made.exists():
            shutil.copy(made, store)
        else:
            make_office(store, plan)
            if made is not None:
                shutil.copy(store, made)
        workbench = Workbench(folder, store, provider).start()
        try:
            yield Served(workbench, provider)
        finally:
            workbench.stop()
            provider.close()


# --- one person at a browser --------------------------------------------------------------------


def timed(do: Callable[[], object]) -> float:
    """Return how many seconds something takes."""
    began = monotonic()
    do()
    return monotonic() - began


def opened(page: Page, served: Served, address: str) -> float:
    """Return the seconds from going to an address to its page being all there."""

    def go() -> None:
        page.goto(f"{served.workbench.url}/{address}")
        settled(page)

    return timed(go)


def turned(page: Page, place: int, key: str) -> float:
    """Return the seconds from a key on a slider to the allocation that it leads to.

    The words under the slider change first; the allocation is there when the page is at rest after
    that.
    """
    slider = page.get_by_role("slider").nth(place)
    before = slider.input_value()
    told = page.get_by_test_id("stCaptionContainer").all_inner_texts()
    rest = """told => {
        const now = [...document.querySelectorAll('[data-testid="stCaptionContainer"]')]
            .map(each => each.innerText);
        const app = document.querySelector('[data-testid="stApp"]');
        return JSON.stringify(now) !== JSON.stringify(told)
            && app.getAttribute('data-test-script-state') === 'notRunning';
    }"""
    for _ in range(PRESSES):
        settled(page)
        slider.focus()
        began = monotonic()
        page.keyboard.press(key)
        if slider.input_value() != before:
            break
    else:
        raise AssertionError("nothing was turned")
    page.wait_for_function(rest, arg=told, polling="raf")
    seconds = monotonic() - began
    assert page.get_by_text(say("ui.allocation.weights.proven")).is_visible()
    return seconds


def turns(page: Page, served: Served, round_id: str, count: int) -> list[float]:
    """Return the seconds of so many turns, each to a weight that nobody has asked for yet."""
    opened(page, served, WEIGHTS + round_id)
    sliders = page.get_by_role("slider").count()
    return [turned(page, n % sliders, "ArrowRight") for n in range(count)]


def addresses(round_id: str) -> dict[str, str]:
    """Return the pages that are opened, by name, on a round."""
    found = {each: f"{each}?round={round_id}" for each in PAGES}
    return found | {"decisions": DECISIONS + round_id, "weights": WEIGHTS + round_id}


def pages(visits: Visits, served: Served, role: Role) -> dict[str, tuple[float, ...]]:
    """Return the seconds of every page on the largest round in all ``STATES``.

    As the first page of all that a fresh server shows, in a new tab; in a new tab later; by its
    address from another page; and when the server has forgotten all it read.
    """
    page = visits(PEOPLE[role], "rounds")
    found = {}
    for name, address in addresses(BIG).items():
        page.goto(BLANK)
        served.workbench.stop()
        served.workbench.start()
        started = opened(page, served, address)
        page.goto(BLANK)
        tab = opened(page, served, address)
        again = median(opened(page, served, address) for _ in range(3))
        served.forget()
        found[name] = started, tab, again, opened(page, served, address)
    page.context.close()
    return found


# --- several at once ----------------------------------------------------------------------------


@dataclass
class Doings:
    """What people did: seconds of each thing, by its kind."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def note(self, kind: str, seconds: float) -> None:
        """Note one thing."""
        self.seconds.setdefault(kind, []).append(seconds)

    @property
    def count(self) -> int:
        """How many things were done."""
        return sum(len(each) for each in self.seconds.values())

    def typical(self, kinds: Sequence[str]) -> float:
        """Return the mean of the kinds' medians, so that each kind counts alike."""
        return sum(median(self.seconds[each]) for each in kinds) / len(kinds)


def work(
    person: Person, dice: random.Random, pause: tuple[float, float], doings: Doings, stop: Signal
) -> None:
    """Do what a person does until told to stop: open pages, turn weights, think in between."""
    try:
        with person:
            person.wait(dice.uniform(0, pause[1]))
            while not stop.is_set():
                doings.note(*_one(person, dice))
                person.wait(dice.uniform(*pause))
    except Exception as error:
        doings.problems.append(repr(error))


def _one(person: Person, dice: random.Random) -> tuple[str, float]:
    if dice.random() < TURNED:
        if not person.address.startswith(WEIGHTS):
            person.anew(WEIGHTS + dice.choice(ROUNDS))
        label = dice.choice(sorted(person.sliders))
        return "weight", person.turn(label, max(0.0, person.sliders[label] + dice.choice(STEPS)))
    round_id = dice.choice((ROUND, BIG))
    page = dice.choice(PAGES)
    return f"{page} {round_id}", person.open(f"{page}?round={round_id}")


def together(
    served: Served,
    people: int,
    seconds: float,
    pause: tuple[float, float],
    meanwhile: Callable[[], None] = lambda: sleep(0.2),
) -> Doings:
    """Let people work for a while, and something be done meanwhile, again and again."""
    doings, stop = Doings(), Signal()
    threads = []
    for n in range(people):
        own = served.person(ROLES[n % len(ROLES)]), random.Random(n + 100 * people)
        threads.append(Thread(target=work, args=(*own, pause, doings, stop)))
    began = monotonic()
    for each in threads:
        each.start()
    while monotonic() - began < seconds:
        meanwhile()
    stop.set()
    for each in threads:
        each.join()
    if doings.problems:
        raise RuntimeError("; ".join(doings.problems))
    return doings
