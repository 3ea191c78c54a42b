"""A file that was made for a download waits until the browser has fetched it."""

import time

import pytest

from allocator.texts import say
from tests.ui.browsing import download
from tests.ui.decided import ROUND, decided_template, published_template  # noqa: F401  (fixtures)
from tests.ui.people import AUDITOR


@pytest.mark.office("published")
@pytest.mark.usefixtures("published_template")
def test_a_slow_browser_gets_its_file_while_the_page_is_drawn_again(look):
    page = look(AUDITOR, f"signoff?round={ROUND}")

    def slowly(route):
        time.sleep(4)  # the panel of runs is drawn once a second, and old files are then put away
        route.continue_()

    page.route("**/media/**", slowly)
    file = download(page, say("ui.signoff.published.download"))
    assert file.path().read_bytes()[:2] == b"PK"
