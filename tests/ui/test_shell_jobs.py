"""Runs in processes of their own: one a round, stopped on request, missed when they die."""

import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from allocator.errors import AllocatorError
from allocator.office import jobs, work
from allocator.office.roles import Command
from allocator.office.store_rows import RunRow
from allocator.texts import say
from tests.ui.people import APPROVER, OFFICER, desk_of

ROUND = "sg20-2025-09"
SLEEP = [sys.executable, "-c", "import time; time.sleep(3600)"]


@pytest.fixture
def desk(office):
    return desk_of(office, OFFICER)


@pytest.fixture
def idle(monkeypatch):
    """Let a process that does nothing hold the lock of a run; give it when it is started."""
    started = []

    def begin(lock, *_):
        started.append(subprocess.Popen(SLEEP, pass_fds=(lock,)))

    monkeypatch.setattr(jobs, "begin", begin)
    yield started
    for each in started:
        each.kill()
        each.wait()


def ended(desk, run_id):
    """Wait for a run to end and return it."""
    for _ in range(6000):
        run = next(each for each in desk.runs(ROUND) if each.id == run_id)
        if run.finished is not None:
            return run
        time.sleep(0.1)
    raise AssertionError("the run did not end")


def test_a_run_is_decided_in_a_process_of_its_own(desk, tmp_path, monkeypatch):
    """Whatever stands in the folder that the server was started in."""
    place = tmp_path / "started here"
    (place / "allocator").mkdir(parents=True)
    (place / "csv.py").write_text("raise SystemExit(1)\n")
    monkeypatch.chdir(place)
    queued = jobs.start(desk, ROUND)
    run = ended(desk, queued.id)
    assert (run.status, run.by) == ("done", OFFICER)
    assert run.fingerprint is not None
    assert desk.round(ROUND).run.id == run.id


def test_a_round_has_one_run_at_a_time(desk, idle):
    jobs.start(desk, ROUND)
    with pytest.raises(AllocatorError) as refused:
        jobs.start(desk, ROUND)
    assert refused.value.code == "job-under-way"
    assert len(desk.runs(ROUND)) == 1


def test_a_run_whose_process_lives_is_left_alone(desk, idle):
    run = jobs.start(desk, ROUND)
    jobs.settle(desk, ROUND)
    assert [each.status for each in desk.runs(ROUND)] == [run.status]


def test_a_run_whose_process_died_is_failed_and_says_what_to_do(desk, idle):
    jobs.start(desk, ROUND)
    idle[0].send_signal(signal.SIGKILL)
    idle[0].wait()
    jobs.settle(desk, ROUND)
    run = desk.runs(ROUND)[0]
    assert run.status == "failed"
    assert [each.code for each in run.problems] == ["job-lost"]


def test_a_new_run_can_begin_where_one_died(desk, idle):
    lost = jobs.start(desk, ROUND)
    idle[0].kill()
    idle[0].wait()
    jobs.start(desk, ROUND)
    assert next(e for e in desk.runs(ROUND) if e.id == lost.id).status == "failed"


def test_nothing_is_concluded_about_processes_elsewhere(desk, idle):
    elsewhere = desk.queue_run(ROUND)
    jobs.settle(desk, ROUND)
    with pytest.raises(AllocatorError) as refused:
        jobs.start(desk, ROUND)
    assert refused.value.code == "job-elsewhere"
    desk.cancel_run(elsewhere.id)
    assert jobs.start(desk, ROUND).status == "queued"


def running(desk):
    """Enter a run of the round as taken up, by whatever process."""
    run = jobs.start(desk, ROUND)
    with desk.change(Command.RUN) as unit:
        row = desk.the_run(unit, run.id)
        unit.update(RunRow, row.id, row.version, status="running", started_at=unit.now)
        desk._tell_run(unit, "run-started", row)
    return run


def test_a_process_that_died_after_it_was_asked_to_stop_leaves_a_cancelled_run(desk, idle):
    run = running(desk)
    assert jobs.stop(desk, run.id).status == "running"
    idle[0].kill()
    idle[0].wait()
    jobs.settle(desk, ROUND)
    assert desk.runs(ROUND)[0].status == "cancelled"
    assert jobs.start(desk, ROUND).status == "queued"


def test_stopping_a_run_whose_process_is_gone_ends_it_at_once(desk, idle):
    run = running(desk)
    idle[0].kill()
    idle[0].wait()
    assert jobs.stop(desk, run.id).status == "cancelled"


def test_patience_ends_where_no_process_is_known_to_live(desk, idle, monkeypatch):
    run = running(desk)
    monkeypatch.setattr(jobs, "PATIENCE", timedelta(0))
    assert jobs.stop(desk, run.id).status == "running"  # its process lives: a person decides
    monkeypatch.setattr(jobs, "_held", lambda *_: False)
    jobs.lose_patience(desk, desk.runs(ROUND)[0])
    assert desk.runs(ROUND)[0].status == "cancelled"


def test_a_run_elsewhere_that_never_answered_is_in_nobodys_way(desk, idle, monkeypatch):
    run = running(desk)
    idle[0].kill()
    idle[0].wait()
    monkeypatch.setattr(jobs, "_noted", lambda lock: "")  # nothing is known of its process
    assert jobs.stop(desk, run.id).status == "running"
    monkeypatch.setattr(jobs, "PATIENCE", timedelta(0))
    assert jobs.start(desk, ROUND).status == "queued"
    assert next(e for e in desk.runs(ROUND) if e.id == run.id).status == "cancelled"


def test_who_may_not_allocate_starts_no_process(office, idle):
    with pytest.raises(AllocatorError) as refused:
        jobs.start(desk_of(office, APPROVER), ROUND)
    assert refused.value.code == "office-not-permitted"
    assert idle == []


def test_a_process_that_cannot_be_started_leaves_no_run_waiting(desk, monkeypatch):
    def fail(*_, **__):
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", fail)
    with pytest.raises(AllocatorError) as refused:
        jobs.start(desk, ROUND)
    assert refused.value.code == "job-no-process"
    assert desk.runs(ROUND)[0].status == "failed"


def test_the_process_stays_within_its_memory():
    code = """
import resource
from allocator.office import work
work.MEMORY = 2**29
work._limit(resource.RLIMIT_AS, work.MEMORY)
try:
    bytearray(2**30)
except MemoryError:
    print("refused")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"refused"
    assert work.MEMORY > 2**32


def test_a_run_outlasts_a_refresh_and_a_killed_server_and_is_missed_when_it_dies(
    desk, idle, workbench, visit
):
    visit.forgiven = ("",)  # a browser whose server is killed complains
    page = visit(OFFICER, f"applications?round={ROUND}")
    jobs.start(desk, ROUND)
    panel = page.get_by_text(say("ui.job.title"))
    expect(panel).to_be_visible()
    page.reload()
    expect(panel).to_be_visible()
    workbench.kill()
    workbench.start()
    page.reload()
    expect(panel).to_be_visible()
    idle[0].kill()
    idle[0].wait()
    expect(panel).not_to_be_visible()
    assert desk.runs(ROUND)[0].status == "failed"


def test_a_run_is_stopped_from_any_page_of_its_round(desk, idle, visit):
    jobs.start(desk, ROUND)
    page = visit(OFFICER, f"applications?round={ROUND}")
    page.get_by_role("button", name=say("ui.job.cancel")).click()
    status = say("ui.job.status.cancelled")
    expect(page.get_by_text(say("ui.job.ended", status=status))).to_be_visible()
    assert desk.runs(ROUND)[0].status == "cancelled"


def test_the_panel_says_that_the_best_is_kept_and_can_end_it_for_good(desk, idle, workbench, visit):
    visit.forgiven = ("",)  # a browser whose server is killed complains
    running(desk)
    page = visit(OFFICER, f"applications?round={ROUND}")
    page.get_by_role("button", name=say("ui.job.cancel")).click()
    stopping = page.get_by_text(say("ui.job.stopping"))
    expect(stopping).to_be_visible()
    workbench.kill()
    workbench.start()
    page.reload()
    expect(stopping).to_be_visible()
    assert desk.runs(ROUND)[0].stop_asked_by == OFFICER
    page.get_by_role("button", name=say("ui.job.drop")).click()
    status = say("ui.job.status.cancelled")
    expect(page.get_by_text(say("ui.job.ended", status=status))).to_be_visible()
