"""The flip test of the page Audit: a process of its own, kept, found again, stopped, erased."""

import time

import pytest

from allocator.explain.fairness_kept import FlipsKept
from allocator.office import flips
from allocator.texts import say
from tests.ui.decided import decided_template  # noqa: F401
from tests.ui.people import AUDITOR, desk_of
from tests.ui.test_shell import ROUND, words

pytestmark = [pytest.mark.office("decided"), pytest.mark.usefixtures("decided_template")]


@pytest.fixture
def run(office):
    """Give the auditor's desk and the final run of the sample round."""
    desk = desk_of(office, AUDITOR)
    return desk, desk.round(ROUND).run


def ended(desk, run):
    for _ in range(3000):
        now = flips.standing(desk, run)
        if not now.under_way:
            return now
        time.sleep(0.1)
    raise AssertionError("the flip test did not end")


def test_the_flip_test_outlasts_the_page_and_its_answer_is_kept(app, run):
    page = app(AUDITOR, "audit", round=ROUND, part="fairness")
    page.button(key="audit-flip").click().run()
    assert not page.exception and not page.error
    assert ended(*run).kept is not None
    page = app(AUDITOR, "audit", round=ROUND, part="fairness")
    assert not page.exception
    assert "audit-flip" not in {each.key for each in page.button}
    assert say("ui.audit.flip.lost") not in words(page)


def test_a_flip_test_is_stopped_and_can_be_begun_again(run, monkeypatch):
    with monkeypatch.context() as dead:
        dead.setattr(flips, "begin", lambda *_: flips.stop(*run))
        flips.start(*run)
    assert flips.standing(*run).lost, "its process never began"
    flips.start(*run)
    assert flips.standing(*run).under_way
    flips.stop(*run)
    assert ended(*run) == flips.Standing()


def test_an_erasure_throws_the_answer_away(run, monkeypatch):
    answer = flips._KEPT.dump_json(FlipsKept("complete", (), (), (), ()))
    flips._path(*run).write_bytes(answer)
    assert flips.standing(*run).kept is not None
    with monkeypatch.context() as erased:
        erased.setattr(flips, "last_erasure", lambda store: 10**6)
        assert flips.standing(*run) == flips.Standing()
    assert flips.standing(*run).kept is None, "it is gone, not only hidden"
