"""``report.html`` stands alone, tells everything, names nobody and escapes what it is given."""

import hashlib
import re
from base64 import b64encode
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from allocator.errors import Problem
from allocator.explain.result import Result
from allocator.model import Severity
from allocator.outputs.decisions_csv import decisions_csv
from allocator.outputs.report import MOST_DECISIONS, MOST_LINES, report_html
from allocator.record.revive import result_of
from tests.outputs_sample import SECRETS, sample
from tests.records import sample_record

VOID = {"meta", "input", "br"}
HOSTILE = "<script>alert(1)</script>\"'&"


class Page(HTMLParser):
    """What tests look at: elements with attributes, in order; and that all are closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def html() -> str:
    return report_html(sample())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_it_is_well_formed_and_in_english(page: Page) -> None:
    assert page.open == []
    assert page.all("html") == [{"lang": "en"}]
    ids = [each["id"] for _, each in page.found if "id" in each]
    assert len(ids) == len(set(ids))


def test_it_asks_for_nothing_from_outside(page: Page, html: str) -> None:
    loading = {"src", "srcset", "data", "poster", "action", "background"}
    assert not [each for _, each in page.found if loading & set(each)]
    assert not page.all("link")
    assert "@import" not in html
    assert set(re.findall(r"url\(([^)]*)\)", html)) <= {"#p2", "#p3", "#p4", "#pf"}
    policy = next(each["content"] for each in page.all("meta") if "http-equiv" in each)
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_only_its_own_script_may_run(html: str) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == 1
    digest = b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in html


def test_it_can_be_read_without_the_script(page: Page) -> None:
    assert page.words.count("How merit") == 21
    finder = next(each for each in page.all("form"))
    assert "hidden" in finder


def test_headings_do_not_skip_a_level(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.found if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_links_lead_to_a_part_of_the_page(page: Page) -> None:
    ids = {each["id"] for _, each in page.found if "id" in each}
    targets = [str(each["href"]) for each in page.all("a")]
    assert len(targets) > 10
    assert all(target.startswith("#") and target[1:] in ids for target in targets)


def test_every_picture_says_what_it_shows(page: Page) -> None:
    pictures = [each for each in page.all("svg") if each.get("role") == "img"]
    assert len(pictures) >= 10
    assert all(each["aria-label"] for each in pictures)
    others = [each for each in page.all("svg") if each.get("role") != "img"]
    assert all(each.get("aria-hidden") or each.get("overflow") for each in others)


def test_every_table_has_a_caption_and_scoped_headings(page: Page) -> None:
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in each for each in page.all("th"))


@cache
def told() -> Page:
    """The page of the shipped meeting, with everything that a run finds out."""
    return Page(report_html(result_of(sample_record())))


def test_what_balance_did_and_how_groups_fared_stand_on_the_page() -> None:
    words = told().words
    assert told().open == []
    assert "Awarded because of it (" in words
    assert "points of merit less and cost CHF" in words
    assert "Who was nominated, eligible and awarded, by gender" in words
    assert "Mantel-Haenszel" in words
    assert "could be exchanged at no loss and within all rules" in words


def test_every_application_can_be_found_and_tells_why() -> None:
    page = told()
    rows = [each for each in page.all("tr") if str(each.get("id", "")).startswith("a-")]
    assert len(rows) == len(result_of(sample_record()).lines)
    ids = {each["id"] for _, each in page.found if "id" in each}
    targets = [str(each["href"]) for each in page.all("a")]
    assert {each for each in targets if each.startswith("#a-")}
    assert all(target[1:] in ids for target in targets)
    eligible = len(result_of(sample_record()).pool.candidates)
    assert page.words.count("came about, and why") == eligible
    assert page.words.count("Balance. ") == eligible


def test_tables_and_headings_stay_in_order_with_all_of_it() -> None:
    page = told()
    assert len(page.all("caption")) == len(page.all("table"))
    levels = [int(tag[1]) for tag, _ in page.found if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_no_person_is_named(html: str) -> None:
    assert not any(secret in html for secret in SECRETS)


def test_every_application_has_its_row(page: Page) -> None:
    for line in sample().lines:
        assert line.application_id in page.words


def test_what_was_decided_stands_in_three_sentences(page: Page) -> None:
    text = page.words.replace("\u202f", " ")
    assert "Of 24 applications for 2 meetings, 21 could be considered and 9 were awarded" in text
    assert "The awards cost CHF 15 000 of the 24 000 in the funds; 9 000 stays free." in text
    assert "this is proven, and among equally good ones the published lottery chose." in text


def test_an_unfinished_run_is_not_called_proven() -> None:
    page = Page(report_html(sample(final=False)))
    assert "Not final" in page.words
    assert "at most 25 merit points more" in page.words
    assert "this is proven" not in page.words
    assert "role" in next(each for each in page.all("p") if each.get("class") == "status open")


def test_ties_are_shown_with_seed_order_and_outcome(page: Page) -> None:
    assert "3 were tied." in page.words
    assert "“seed of the sample”" in page.words
    assert "no award" in page.words
    assert "No ties" in Page(report_html(sample(tied=False))).words


def test_estimates_unsettled_and_refusals_are_listed(page: Page) -> None:
    assert "fare table: about 7 000 km" in page.words
    assert "LDC status of this Member State" in page.words
    assert "Received 3 days after the deadline." in page.words
    assert "Fellowship rules, quota" in page.words


def test_promises_say_whether_they_hold(page: Page) -> None:
    assert "✓ Holds" in page.words
    assert "✕ Does not hold" in page.words


def test_the_table_of_decisions_is_named_by_its_checksum(page: Page) -> None:
    assert hashlib.sha256(decisions_csv(sample())).hexdigest() in page.words


def test_whatever_the_input_says_stays_text() -> None:
    result = hostile(sample())
    html = report_html(result)
    assert "<script>alert" not in html
    assert HOSTILE in Page(html).words
    assert Page(html).open == []


def hostile(result: Result) -> Result:
    line = replace(result.lines[0], reason=HOSTILE, fund=HOSTILE, reason_code=HOSTILE)
    meeting = replace(result.round.meetings[0], title=HOSTILE)
    round_ = replace(
        result.round,
        title=HOSTILE,
        lottery_seed=HOSTILE,
        meetings=(meeting, *result.round.meetings[1:]),
    )
    note = Problem("intake-odd", Severity.NOTE, HOSTILE, HOSTILE)
    lines = (line, *result.lines[1:])
    return replace(result, lines=lines, round=round_, problems=(note,))


def test_an_empty_round_has_a_report() -> None:
    assert Page(report_html(sample(0, tied=False))).open == []


def test_long_lists_are_cut_and_say_so() -> None:
    note = Problem("intake-odd", Severity.NOTE, "Odd.", "Look.")
    page = Page(report_html(replace(sample(), problems=(note,) * (MOST_LINES + 7))))
    assert page.words.count("Odd.") == MOST_LINES
    assert "and 7 more: see sheet Problems of decisions.xlsx" in page.words


def test_five_thousand_applications_fit_into_five_megabytes() -> None:
    html = report_html(sample(MOST_DECISIONS))
    assert len(html.encode()) < 5_000_000
    assert html.count("How merit") == 4375


def test_more_applications_are_left_to_the_workbook_and_the_page_says_so() -> None:
    html = report_html(sample(MOST_DECISIONS + 1))
    assert len(html.encode()) < 400_000
    assert "too many for one page" in html
    assert "<script>" not in html


def test_the_same_result_gives_the_same_bytes(html: str) -> None:
    assert report_html(sample()) == html
