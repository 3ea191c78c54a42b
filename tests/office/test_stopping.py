"""Stopping a run keeps the best found so far; nothing that can happen meanwhile leaves it stuck."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from allocator.commands import office_desk, office_rounds
from allocator.errors import AllocatorError, Exit, problem
from allocator.office import desk_runs, desk_watch
from allocator.office.desk import Desk
from allocator.office.identity import Identity
from allocator.office.roles import Role, Source
from allocator.office.store_rows import EventRow
from allocator.office.views import RunView
from allocator.optimise.watch import Progress
from allocator.record.verify import verify_bytes
from allocator.texts import say
from tests.office.desk_kit import Office, desk_of, office_in


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Give an office with two officers, whose runs look at once whether they are to stop."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(desk_watch, "SECONDS_BETWEEN", 0)
    with office_in(tmp_path) as found:
        found.ada.add_account("eve", "Person eve", (Role.OFFICER,))
        yield found


def worked(desk: Desk, round_id: str, stage: str, *presses: Callable[[str], RunView]) -> RunView:
    """Queue a run and finish it; while it is at a stage, people press what they press, once."""
    waiting = list(presses)

    def listen(progress: Progress) -> None:
        if progress.stage == stage:
            while waiting:
                waiting.pop(0)(run.id)

    run = desk.queue_run(round_id)
    return desk.work(run.id, progress=listen)


def kinds(office: Office) -> list[tuple[str, str]]:
    with office.store.reading() as reader:
        found = reader.find(EventRow)
    return [(each.kind, each.actor) for each in found if each.kind.startswith("run-")]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a search tell how it stands before it has looked at anything."""
    decide = desk_runs.decide

    def slowly(loaded, *, progress, **how):
        progress(Progress("solve", None, None, 0.0))
        return decide(loaded, progress=progress, **how)

    monkeypatch.setattr(desk_runs, "decide", slowly)


@pytest.mark.usefixtures("slow")
def test_what_was_found_so_far_is_kept_as_at_a_time_limit(office: Office) -> None:
    round_id = office.checked()
    run = worked(office.olu, round_id, "solve", office.eve.cancel_run)
    assert (run.status, run.current, run.stop_asked) == ("not final", True, None)
    limited = office.olu.run(round_id, time_limit=0.0)
    assert limited.status == run.status
    assert limited.summary.keys() == run.summary.keys()
    assert verify_bytes(office.olu.record(run.id)).verdict == "incomplete"
    assert kinds(office)[:4] == [
        *(("run-queued", "olu"), ("run-started", "olu")),
        *(("run-stopping", "eve"), ("run-finished", "olu")),
    ]
    assert office.olu.round(round_id).run is not None


@pytest.mark.usefixtures("slow")
def test_two_people_who_press_once_do_not_throw_it_away(office: Office) -> None:
    pressed: list[RunView] = []

    def press(desk: Desk) -> Callable[[str], RunView]:
        return lambda run: pressed.append(desk.cancel_run(run)) or pressed[-1]

    run = worked(office.olu, office.checked(), "solve", press(office.olu), press(office.eve))
    assert run.status == "not final"
    assert [each.stop_asked_by for each in pressed] == ["olu", "eve"]
    assert pressed[0].stop_asked == pressed[1].stop_asked is not None


@pytest.mark.usefixtures("slow")
def test_a_second_press_ends_it_at_once_and_keeps_nothing(office: Office) -> None:
    stop = office.olu.cancel_run
    run = worked(office.olu, office.checked(), "solve", stop, stop)
    assert (run.status, run.fingerprint) == ("cancelled", None)
    assert kinds(office)[-1] == ("run-cancelled", "olu")


@pytest.mark.usefixtures("slow")
def test_it_can_be_ended_for_good_at_the_first_press(office: Office) -> None:
    def drop(run: str) -> RunView:
        return office.eve.cancel_run(run, for_good=True)

    assert worked(office.olu, office.checked(), "solve", drop).status == "cancelled"


def test_a_search_that_had_found_nothing_is_cancelled_and_not_failed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_id = office.checked()

    def nothing(loaded, *, progress, cancel, **_):
        progress(Progress("solve", None, None, 0.0))
        assert cancel()
        raise AllocatorError(problem("optimise-no-answer"))

    monkeypatch.setattr(desk_runs, "decide", nothing)
    run = worked(office.olu, round_id, "solve", office.olu.cancel_run)
    assert (run.status, run.problems) == ("cancelled", ())
    assert kinds(office)[-1][0] == "run-empty"


def test_a_stop_while_reasons_are_found_keeps_the_final_allocation(office: Office) -> None:
    run = worked(office.olu, office.checked(), "explain", office.olu.cancel_run)
    assert run.status == "done"
    report = verify_bytes(office.olu.record(run.id))
    assert (report.check("proof").status, report.verdict) == ("pass", "incomplete")


def test_who_asked_outlasts_whatever_was_open(office: Office) -> None:
    round_id = office.checked()
    seen: list[RunView] = []

    def look_again(run: str) -> RunView:
        office.olu.cancel_run(run)
        seen.append(desk_of(office.store, "eve").round(round_id).job)
        return seen[-1]

    worked(office.olu, round_id, "record", look_again)
    assert (seen[0].status, seen[0].stop_asked_by) == ("running", "olu")
    assert "stop" not in seen[0].summary


@pytest.mark.usefixtures("slow")
def test_the_command_line_stops_in_the_same_way(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office_desk, "from_system", lambda: Identity("olu", "", Source.SYSTEM))
    told: list[str] = []

    def cancel(run: str) -> RunView:
        answer = office_rounds.cancel(str(office.folder / "store" / "office.db"), run)
        told.append(answer.blocks[0].text)
        return None

    run = worked(office.olu, office.checked(), "solve", cancel)
    assert run.status == "not final"
    again = worked(office.olu, "one", "solve", cancel, cancel)
    assert again.status == "cancelled"
    assert told == [
        say("cli.office.stopping", run=run.id),
        say("cli.office.stopping", run=again.id),
        say("cli.office.cancelled", run=again.id, status="cancelled"),
    ]


@pytest.mark.parametrize(("for_good", "status"), [(False, "not final"), (True, "cancelled")])
@pytest.mark.usefixtures("slow")
def test_the_command_that_runs_it_says_that_it_is_not_final(
    office: Office, monkeypatch: pytest.MonkeyPatch, for_good: bool, status: str
) -> None:
    monkeypatch.setattr(office_desk, "from_system", lambda: Identity("olu", "", Source.SYSTEM))
    round_id = office.checked()

    class Stopping:
        def __enter__(self):
            def listen(progress: Progress) -> None:
                run = office.eve.round(round_id).job
                if run is not None and run.stop_asked is None:
                    office.eve.cancel_run(run.id, for_good=for_good)

            return listen

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(office_rounds, "shown_progress", Stopping)
    answer = office_rounds.run(str(office.folder / "store" / "office.db"), round_id, None)
    assert answer.exit_code is Exit.NOT_FINAL
    assert office.olu.runs(round_id)[0].status == status
