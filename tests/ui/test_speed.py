"""What keeps the workbench quick, and that the script which measures it works."""

from collections.abc import Iterator
from threading import Event as Signal
from threading import Thread

import pytest

from allocator.explain.what_if import assessed
from allocator.office.memory import MEMORY
from allocator.office.roles import Role
from allocator.office.store import Event
from allocator.record.revive import assessed_of
from allocator.ui import ahead
from allocator.ui.kept import whose
from allocator.ui.server import settings
from bench import load, load_report
from bench.load_office import PEOPLE, Plan
from tests.ui.browsing import Visits
from tests.ui.decided import decided_template  # noqa: F401  (fixture)
from tests.ui.people import ANALYST, OFFICER, desk_of

decided = pytest.mark.usefixtures("decided_template")
PLAN = Plan({load.BIG: 16, load.ROUND: 12}, processes=1)


def test_the_server_does_not_look_through_all_objects_after_every_run():
    assert settings()["runner.postScriptGC"] is False


def test_an_erasure_elsewhere_makes_the_pages_forget_what_they_kept(office):
    officer = desk_of(office, OFFICER)
    before = whose(officer)
    MEMORY.recall(("page", before), lambda: "a name")
    with office.transaction() as unit:
        unit.append(Event("erased", "somebody", "store", {}))
    assert whose(officer) != before
    assert MEMORY.recall(("page", before), lambda: "forgotten") == "forgotten"


def test_what_is_kept_for_those_who_see_persons_is_kept_apart(office):
    assert whose(desk_of(office, OFFICER)) != whose(desk_of(office, ANALYST))


@pytest.mark.office("decided")
@decided
def test_a_large_round_is_read_while_somebody_looks_at_the_list(app, monkeypatch):
    read = Signal()
    monkeypatch.setattr(ahead, "LARGE", 1)
    monkeypatch.setattr(ahead, "changes_of", lambda *_: read.set())  # of what is read, the last
    MEMORY.forget()
    assert not app(OFFICER, "rounds").exception
    assert read.wait(60)
    _shows_without_reading(app, OFFICER, monkeypatch)


@pytest.mark.office("decided")
@decided
@pytest.mark.parametrize("login", [OFFICER, ANALYST])
def test_the_server_reads_large_rounds_before_it_answers(app, office, login, monkeypatch):
    monkeypatch.setattr(ahead, "LARGE", 1)
    monkeypatch.setattr(ahead, "the_store", lambda: office)
    MEMORY.forget()
    ahead.at_start()
    _shows_without_reading(app, login, monkeypatch)


@pytest.mark.office("decided")
@decided
def test_the_server_reads_no_more_than_memory_holds(office, monkeypatch):
    monkeypatch.setattr(ahead, "LARGE", 1)
    monkeypatch.setattr(ahead, "MOST", 1)
    monkeypatch.setattr(ahead, "the_store", lambda: office)
    monkeypatch.setattr(ahead, "shown", None)
    MEMORY.forget()
    ahead.at_start()


@pytest.mark.office("decided")
@decided
def test_what_fails_while_reading_ahead_stops_nothing_and_tells_no_data(
    office, monkeypatch, caplog
):
    def fails(*_: object) -> None:
        raise RuntimeError("Given Family")

    monkeypatch.setattr(ahead, "LARGE", 1)
    monkeypatch.setattr(ahead, "the_store", lambda: office)
    monkeypatch.setattr(ahead, "shown", fails)
    MEMORY.forget()
    ahead._begun.clear()
    ahead.at_start()
    assert "reading ahead failed" in caplog.text and "Family" not in caplog.text


def _shows_without_reading(app, login: str, monkeypatch) -> None:
    monkeypatch.setattr("allocator.office.desk_reading.result_of", None)
    monkeypatch.setattr("allocator.office.desk_reading.loaded_of", None)
    page = app(login, "allocation")
    assert not page.exception and not page.error and page.metric


def test_reading_ahead_waits_while_pages_are_drawn(monkeypatch):
    monkeypatch.setattr(ahead, "QUIET", 0.05)
    pages, waited = ahead._Pages(), Signal()
    thread = Thread(target=lambda: (pages.wait_until_quiet(), waited.set()), daemon=True)
    with pages.drawing():
        thread.start()
        assert not waited.wait(0.3)
    assert waited.wait(10)
    monkeypatch.setattr(ahead, "PATIENCE", 0.1)
    with pages.drawing():
        pages.wait_until_quiet()  # a server that is never quiet reads ahead all the same


@pytest.mark.office("decided")
@decided
@pytest.mark.parametrize("login", [OFFICER, ANALYST])
def test_what_a_run_judged_is_what_judging_finds(office, login):
    desk = desk_of(office, login)
    view = desk.round(desk.rounds()[0].id)
    loaded, now = desk.loaded(view.summary.id, view.run.id), desk.assessed(view.summary.id)
    told = assessed_of(loaded, desk.result(view.run.id))
    assert view.run.current and told == assessed(loaded)
    assert (now.assessment, now.loaded.applications) == (told.assessment, loaded.applications)
    assert now == assessed(desk.loaded(view.summary.id))


@pytest.fixture(scope="module")
def served() -> Iterator[load.Served]:
    with load.serving(PLAN) as started:
        yield started


def test_people_without_a_browser_see_what_the_pages_say_and_turn_weights(served, monkeypatch):
    with served.person(Role.OFFICER) as person:
        person.open(f"applications?round={load.BIG}")
        assert any("16" in each for each in person.texts)
        person.anew(load.WEIGHTS + load.ROUND)
        label, position = next(iter(person.sliders.items()))
        assert person.turn(label, position + 1) > 0
        assert person.sliders[label] == position + 1
    monkeypatch.setattr(load, "ROUNDS", (load.ROUND,))
    doings = load.together(served, 2, 0.5, load.NONE)
    assert doings.count > 0 and doings.problems == []


def test_somebody_who_cannot_go_on_is_told_of(served):
    person, doings = served.person(Role.OFFICER), load.Doings()
    load.work(person, None, load.NONE, doings, Signal())
    assert doings.problems


def test_a_weight_and_a_page_are_measured_in_the_browser(served, browser):
    visits = Visits(browser, served.workbench)
    page = visits(PEOPLE[Role.OFFICER], "rounds")
    assert len(load.turns(page, served, load.ROUND, 1)) == 1
    served.forget()
    assert load.opened(page, served, f"applications?round={load.BIG}") > 0
    visits.check()


def test_the_section_tells_the_figures():
    people = {"seconds": {"weight": [0.2], "why": [0.1]}, "processor": 0.1}
    slower = {"seconds": {"weight": [0.3], "why": [0.15]}, "processor": 0.1}
    told = load_report.section(
        {
            **{"browser": "Chromium 1", "machine": "Python 3.", "cores": 2, "on": "2026-01-01"},
            **{"load": [0.1, 2.0], "inside": [0.4], "rate": 12.0},
            "pages": {"officer": {"why": (1.25, 0.75, 0.5, 2)}},
            "turns": {load.ROUND: {"seconds": [0.3, 0.5], "processor": 0.2}},
            **{"alone": people, "together": slower},
        }
    )
    assert "**1.50** times" in told and "**0.40 s**" in told
    assert "| why | 1.25 / 0.75 / 0.50 / 2.00 |" in told
