"""Fairness figures: published cases, small ones worked out by hand, what may be shown of few."""

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import comb, sqrt
from pathlib import Path

import numpy as np
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from allocator.errors import AllocatorError
from allocator.explain.fairness import fairness_of
from allocator.explain.fairness_counts import band_edges, compare, comparisons, grouping, notice
from allocator.explain.fairness_flip import OTHERS, Flip, FlipStatus, FlipTest
from allocator.explain.fairness_record import fairness_from, kept_fairness
from allocator.explain.fairness_redecide import Fate
from allocator.explain.fairness_tests import (
    Table,
    Test,
    boschloo,
    difference,
    exact_in_strata,
    rate,
    stratified,
    wilson,
)
from allocator.explain.fairness_words import Section, bands_section
from allocator.explain.figures import figures
from allocator.model import Decision, Gender
from allocator.record.revive import result_of
from tests.builders import DSA, FULL, GROUPS, REGION
from tests.intake_rounds import criterion
from tests.outputs_sample import SECRETS, sample
from tests.records import small_record

SHARED = Path(__file__).parents[3] / "shared" / "data" / "fairness"

SIMPSON = (Table(3, 4, 8, 12), Table(2, 12, 0, 4))
"""The first group does better in both strata, the second taken together: 5 of 16 and 8 of 16."""


def published(name: str) -> list[dict[str, str]]:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is not there: the shared data are not part of the project")
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def total(tables: Sequence[Table]) -> Table:
    return Table(
        sum(t.part for t in tables),
        sum(t.whole for t in tables),
        sum(t.other_part for t in tables),
        sum(t.other_whole for t in tables),
    )


# Published cases: men first, women second.


def test_berkeley_admissions_1973_a_gap_overall_and_none_within_departments():
    rows = published("ucb_admissions.csv")
    count = {(r["Dept"], r["Gender"], r["Admit"]): int(r["Freq"]) for r in rows}
    departments = []
    for d in sorted({dept for dept, _, _ in count}):
        men, women = (
            (count[d, g, "Admitted"], count[d, g, "Admitted"] + count[d, g, "Rejected"])
            for g in ("Male", "Female")
        )
        departments.append(Table(*men, *women))
    overall = total(departments)
    assert overall == Table(1198, 2691, 557, 1835)
    gap = difference(overall, total_is_set=True)
    assert (round(gap.share, 3), gap.p < 1e-20) == (0.142, True)
    # R 4: mantelhaen.test(UCBAdmissions)
    within = stratified(departments)
    assert (within.strata, within.test) == (6, Test.MANTEL_HAENSZEL)
    assert round(within.statistic, 4) == 1.4269
    assert round(within.p, 4) == 0.2323
    assert round(within.odds_ratio, 7) == 0.9046968
    assert (round(within.low, 7), round(within.high, 7)) == (0.7719074, 1.0603298)
    # Breslow-Day with Tarone's adjustment: department A alone differs.
    assert (round(within.homogeneity, 2), round(within.homogeneity_p, 4)) == (18.83, 0.0021)
    assert notice(overall, gap, within) == "reversed"


def test_dutch_research_grants_a_gap_overall_that_goes_with_the_disciplines():
    disciplines = [
        Table(
            int(row["awards_men"]),
            int(row["applications_men"]),
            int(row["awards_women"]),
            int(row["applications_women"]),
        )
        for row in published("nwo_research_funding_rates.csv")
    ]
    overall = total(disciplines)
    men, women = rate(290, 1635), rate(177, 1188)
    assert overall == Table(men.part, men.whole, women.part, women.whole)
    assert (round(100 * men.share, 1), round(100 * women.share, 1)) == (17.7, 14.9)
    # van der Lee and Ellemers (2015) without a continuity correction; ours is Fisher's exact test.
    pearson = stats.chi2_contingency(overall.cells, correction=False)
    assert (round(pearson.statistic, 2), round(pearson.pvalue, 3)) == (4.01, 0.045)
    gap = difference(overall, total_is_set=True)
    assert round(gap.p, 3) == 0.046
    within = stratified(disciplines)
    assert (within.strata, round(within.p, 2)) == (9, 0.21)
    assert within.low < 1 < within.high
    assert notice(overall, gap, within) == "gone"


# A case small enough to do by hand.


def test_a_small_reversed_case_by_exact_arithmetic():
    within = stratified(SIMPSON)
    # Expected awards of the first group: 4·11/16 and 12·2/16.
    assert within.excess == (3 - Fraction(44, 16)) + (2 - Fraction(24, 16)) == Fraction(3, 4)
    # Mantel-Haenszel: (3·4/16 + 2·4/16) / (1·8/16 + 10·0/16).
    assert within.odds_ratio == pytest.approx(Fraction(12 + 8, 8))
    overall = total(SIMPSON)
    assert overall.excess == 5 - Fraction(13, 2)
    gap = difference(overall, total_is_set=True)
    assert gap.share == pytest.approx(-3 / 16)
    assert notice(overall, gap, within) == "reversed"
    # Few people: exact. All ways to deal out 11 of 16 and 2 of 16 awards, by what the first gets.
    assert within.test is Test.EXACT_STRATA
    assert (within.statistic, within.homogeneity) == (None, None)
    ways: dict[int, int] = {}
    for a, b in product(range(5), range(13)):
        dealt = comb(4, a) * comb(12, 11 - a) * comb(12, b) * comb(4, max(2 - b, 0)) * (b <= 2)
        ways[a + b] = ways.get(a + b, 0) + dealt
    as_rare = sum(way for way in ways.values() if way <= ways[5])
    assert within.p == pytest.approx(float(Fraction(as_rare, comb(16, 11) * comb(16, 2))))


def test_ten_times_as_many_people_are_enough_for_the_normal_theory():
    tables = [Table(*(10 * n for n in (t.part, t.whole, t.other_part, t.other_whole)))
              for t in SIMPSON]  # fmt: skip
    within = stratified(tables)
    variance = Fraction(40 * 120 * 110 * 50, 160**2 * 159) + Fraction(
        120 * 40 * 20 * 140, 160**2 * 159
    )
    statistic = (Fraction(15, 2) - Fraction(1, 2)) ** 2 / variance
    assert within.test is Test.MANTEL_HAENSZEL
    assert within.statistic == pytest.approx(float(statistic))
    assert within.odds_ratio == pytest.approx(2.5)


def test_strata_of_opposite_ratios_that_cancel_are_found_to_disagree():
    tables = [Table(60, 80, 20, 80), Table(20, 80, 60, 80)]
    within = stratified(tables)
    assert (within.excess, within.odds_ratio) == (0, pytest.approx(1))
    # With a common ratio of 1 forty are expected in every cell: 20² · 4/40, in both strata.
    assert within.homogeneity == pytest.approx(80)
    assert within.homogeneity_p < 1e-15


def test_ratios_that_nearly_cancel_disagree_about_as_much():
    near = stratified([Table(60, 80, 20, 80), Table(20, 80, 59, 80)])
    assert near.homogeneity == pytest.approx(80, rel=0.05)


@given(
    st.tuples(*[st.integers(0, 12)] * 4).map(
        lambda n: Table(min(n[0], n[1]), n[1], min(n[2], n[3]), n[3])
    )
)
def test_one_stratum_is_fishers_test_and_an_outcome_of_no_choice_is_no_test(table):
    found = stratified([table])
    gap = difference(table, total_is_set=True)
    if not table.informative:
        assert found is None
        assert gap.p is None
    else:
        assert exact_in_strata([table]) == pytest.approx(stats.fisher_exact(table.cells).pvalue)
        assert gap.p == pytest.approx(stats.fisher_exact(table.cells).pvalue)


def test_empty_strata_and_those_where_all_or_none_got_it_change_nothing():
    idle = [Table(0, 0, 0, 0), Table(0, 9, 0, 9), Table(7, 7, 4, 4), Table(3, 8, 0, 0)]
    assert stratified([*SIMPSON, *idle]) == stratified(SIMPSON)
    assert stratified(idle) is None


def test_a_ratio_of_zero_or_without_limit_is_not_given():
    for table in (Table(0, 20, 9, 20), Table(20, 20, 9, 20)):
        found = stratified([table, table])
        assert (found.odds_ratio, found.low, found.high, found.homogeneity) == (None,) * 4
        assert found.p < 0.001


def test_intervals_are_wilsons_and_newcombes():
    z = stats.norm.ppf(0.975)

    def wilson(part: int, whole: int) -> tuple[float, float]:
        share = part / whole
        middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
        half = z * sqrt(share * (1 - share) / whole + z * z / (4 * whole**2))
        half /= 1 + z * z / whole
        return middle - half, middle + half

    found = rate(14, 32)
    assert (found.low, found.high) == pytest.approx(wilson(14, 32))
    gap = difference(Table(56, 70, 48, 80), total_is_set=True)
    one, other = wilson(56, 70), wilson(48, 80)
    below = sqrt((0.8 - one[0]) ** 2 + (other[1] - 0.6) ** 2)
    above = sqrt((one[1] - 0.8) ** 2 + (0.6 - other[0]) ** 2)
    assert gap.share == pytest.approx(0.2)
    # Newcombe (1998), method 10, his case (a): 0.0524 to 0.3339.
    assert (gap.low, gap.high) == pytest.approx((0.2 - below, 0.2 + above))
    assert (round(gap.low, 4), round(gap.high, 4)) == (0.0524, 0.3339)


def test_where_the_number_was_not_set_beforehand_boschloos_test_is_taken_while_it_is_quick():
    table = Table(7, 12, 2, 13)
    free = difference(table, total_is_set=False)
    assert free.test is Test.BOSCHLOO
    assert free.p < difference(table, total_is_set=True).p
    many = difference(Table(70, 120, 20, 130), total_is_set=False)
    assert many.test is Test.FISHER


@st.composite
def tables(draw: st.DrawFn, most: int = 40) -> Table:
    whole, other = draw(st.integers(1, most)), draw(st.integers(1, most))
    return Table(draw(st.integers(0, whole)), whole, draw(st.integers(0, other)), other)


@settings(max_examples=40)
@given(tables(25))
def test_tests_and_intervals_of_two_groups_are_those_of_scipy_and_statsmodels(table):
    low, high = proportion_confint(table.part, table.whole, method="wilson")
    assert wilson(table.part, table.whole) == pytest.approx((max(low, 0), min(high, 1)))
    if table.informative:
        assert exact_in_strata([table]) == pytest.approx(stats.fisher_exact(table.cells).pvalue)
        by_column = np.array(table.cells).T  # scipy has the groups in columns
        expected = min(1.0, stats.boschloo_exact(by_column).pvalue)
        assert boschloo(table) == pytest.approx(expected, abs=1e-6)
    if not table.small:
        found = difference(table, total_is_set=True)
        groups = (table.part, table.whole, table.other_part, table.other_whole)
        expected = confint_proportions_2indep(*groups, method="newcomb", compare="diff")
        assert (found.low, found.high) == pytest.approx(expected)


@settings(max_examples=60)
@given(st.lists(tables(), min_size=1, max_size=5))
def test_comparisons_within_strata_are_those_of_statsmodels(strata):
    within = stratified(strata)
    told = [np.array(table.cells) for table in strata if table.informative]
    assert (within is None) == (not told)
    if within is None:
        return
    theirs = StratifiedTable(told)
    if within.odds_ratio is not None:
        assert within.odds_ratio == pytest.approx(theirs.oddsratio_pooled)
        assert (within.low, within.high) == pytest.approx(theirs.oddsratio_pooled_confint())
    if within.statistic is not None and abs(within.excess) >= Fraction(1, 2):
        null = theirs.test_null_odds(correction=True)
        assert (within.statistic, within.p) == pytest.approx((null.statistic, null.pvalue))
    if within.homogeneity is not None and within.excess:
        agree = theirs.test_equal_odds(adjust=True)
        found = (within.homogeneity, within.homogeneity_p)
        assert found == pytest.approx((agree.statistic, agree.pvalue), abs=1e-7)


def test_boschloos_test_takes_the_groups_as_given_and_not_the_outcome():
    """Of 20 of 22 and 31 of 38; with rows and columns exchanged it would be 0.369."""
    assert round(boschloo(Table(20, 22, 31, 38)), 4) == 0.4158


# Bands.


@given(st.lists(st.integers(0, 30), min_size=1, max_size=300))
def test_each_band_ends_at_the_least_merit_that_its_part_of_all_do_not_exceed(merits):
    edges = band_edges(merits)
    bands = max(1, min(5, len(merits) // 20))
    wanted = set()
    for i in range(1, bands):
        enough = (m for m in merits if bands * sum(x <= m for x in merits) >= i * len(merits))
        wanted.add(min(enough))
    assert edges == tuple(sorted(wanted - {max(merits)}))


def test_bands_leave_out_the_points_given_for_the_attribute_itself():
    result = sample(48)
    plain = compare(result, "gender", "female", "male")
    assert plain.without == ()
    rules = replace(
        result.rules,
        criteria=(_criterion("award", "points"), _criterion("work", "Gender")),
    )
    by_gender = compare(replace(result, rules=rules), "gender", "female", "male")
    assert by_gender.without == ("Points of work",)
    assert len(plain.strata) == 2
    assert len(by_gender.strata) == 1  # without them all have the merit of a nomination


def _criterion(name: str, column: str):
    return replace(criterion("category", column=column), id=name, title=f"Points of {name}")


# Counts of a result.


def test_the_funnel_is_the_one_the_outputs_show():
    result = sample(48)
    found = fairness_of(result, flips=False)
    assert found.funnel == figures(result).groupings
    for one in found.comparisons:
        groups = next(g for g in found.funnel if g.attribute == one.attribute).groups
        assert one.one in groups
    female = next(g for g in found.funnel[0].groups if g.value == "female")
    male = next(g for g in found.funnel[0].groups if g.value == "male")
    (gender,) = comparisons(result, "Gender")
    assert (gender.one, gender.other) == (female, male)
    assert gender.overall == Table(female.awarded, female.eligible, male.awarded, male.eligible)
    assert sum(s.table.whole for s in gender.strata) == female.eligible
    assert sum(s.table.other_part for s in gender.strata) == male.awarded


def test_any_column_can_be_looked_at_and_those_not_known_are_counted_apart():
    result = sample(48)
    by_meeting = grouping(result, "Meeting")
    assert [g.value for g in by_meeting.groups] == ["sg13", "sg2"]
    assert sum(g.money for g in by_meeting.groups) == sum(
        a.amount for a in result.allocation.awards
    )
    assert by_meeting.unknown is None
    none = grouping(result, "language")
    assert (none.groups, none.known.nominated, none.unknown.nominated) == ((), 0, 48)


def test_others_are_those_whose_group_is_known_and_is_not_this_one():
    result = sample(48)
    region = REGION["KEN"]
    one = compare(result, "region", region)
    assert one.one.nominated + one.other.nominated == 48
    assert one.one.nominated < 48
    ldc = compare(result, "country_group", "ldc")
    states = [c.application.administration for c in (*result.pool.candidates,
                                                     *result.pool.ineligible)]  # fmt: skip
    assert ldc.one.nominated == sum("ldc" in GROUPS[s] for s in states)
    assert ldc.one.nominated + ldc.other.nominated == 48


@pytest.mark.parametrize("name", ["person", "Person ID", "application", "application_id"])
def test_what_tells_single_people_apart_is_no_group(name):
    with pytest.raises(AllocatorError, match="single people"):
        fairness_of(sample(), flips=False, attributes=[name])


# What is read.


def _flip(application: str, stated: Gender, before: Fate, after: Fate) -> Flip:
    return Flip(application, stated, OTHERS[stated][0], before, after, ("balance.gender",))


FLIPS = FlipTest(
    FlipStatus.COMPLETE,
    ("balance.gender",),
    ((Gender.FEMALE, Gender.MALE, 40), (Gender.MALE, Gender.FEMALE, 1_200)),
    (
        _flip("A-0001", Gender.MALE, Fate(Decision.DECLINED), Fate(Decision.AWARDED, FULL)),
        _flip("A-0004", Gender.MALE, Fate(Decision.AWARDED, FULL), Fate(Decision.AWARDED, DSA)),
        _flip("A-0008", Gender.FEMALE, Fate(Decision.AWARDED, FULL), Fate(None)),
    ),
)


def test_flips_are_counted_in_words_and_listed_for_the_office_only():
    found = replace(fairness_of(sample(96), flips=False), flips=FLIPS)
    told = found.sections()[-1]
    assert told.id == "flip"
    assert told.rows == (
        ("Female", "Male", "40", "0", "1", "0"),
        ("Male", "Female", "1\u202f200", "1", "0", "1"),
    )
    text = " ".join(told.text)
    assert "These look at gender: balance factor Gender balance. Nothing else does." in text
    assert "Of the 1\u202f240 questions asked, 3 would be decided differently." in text
    assert "By the balance factor Gender balance alone: 3." in text
    listed = found.sections(applications=True)[-1]
    assert [row[0] for row in listed.rows] == ["A-0001", "A-0004", "A-0008"]
    assert listed.rows[0][2:] == ("declined", "full (ticket and DSA)", found.titles[0][1])
    assert "A-0001" not in " ".join(words(found.sections()))


def test_flips_in_the_machine_readable_form_name_applications_only_where_asked_to():
    found = replace(fairness_of(sample(96), flips=False), flips=FLIPS)
    counted, listed = found.as_json()["flips"], found.as_json(applications=True)["flips"]
    assert (counted["differing"], counted["open"], counted["status"]) == (3, 0, "complete")
    assert "flips" not in counted
    assert listed["flips"][0]["after"] == {"decision": "awarded", "package": "full"}
    assert listed["flips"][2]["after"] == {"decision": None, "package": None}
    assert "A-0001" not in str(found.as_json())
    assert rfc8785.dumps(found.as_json(applications=True))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (FlipStatus.NO_CLAUSE, "proven for all 1\u202f240 questions asked"),
        (FlipStatus.NOT_FINAL, "the allocation itself is not final"),
        (FlipStatus.NEEDS_FILES, "the files of the round were not at hand"),
        (FlipStatus.INCOMPLETE, "2 of the 1\u202f240 questions asked are open"),
    ],
)
def test_what_the_flip_test_did_not_do_is_said(status, said):
    clauses = () if status is FlipStatus.NO_CLAUSE else FLIPS.clauses
    open_ = (("A-0001", Gender.MALE), ("A-0002", Gender.MALE))
    unanswered = open_ if status is FlipStatus.INCOMPLETE else ()
    test = FlipTest(status, clauses, FLIPS.asked, (), unanswered)
    told = replace(fairness_of(sample(24), flips=False), flips=test).sections()[-1]
    assert said in " ".join(told.text)
    assert bool(told.rows) is (status is FlipStatus.INCOMPLETE)


def words(sections: Sequence[Section]) -> list[str]:
    found = []
    for each in sections:
        found += [each.title, *each.text, *each.columns, each.means, each.means_not]
        found += [cell for row in each.rows for cell in row]
    return found


def test_few_people_never_get_a_percentage():
    for size in (1, 2, 6, 9, 18, 24, 48):
        found = fairness_of(sample(size), flips=False)
        for text in words(found.sections()):
            for _, whole in re.findall(r"%\s\((\d+) of (\d+)\)", text):
                assert int(whole) >= 10, text
        for one in found.comparisons:
            for each in (*one.eligible, *one.awarded):
                assert (each.whole < 10) == (each.share is None) == (each.low is None)
            if min(one.one.eligible, one.other.eligible) < 10:
                assert one.awards.share is None
    few = fairness_of(sample(9), flips=False)
    assert any("3 of 7" in text or "of 4" in text for text in words(few.sections()))


def test_every_section_says_what_it_means_and_what_it_does_not():
    found = replace(fairness_of(sample(96), flips=False), flips=FLIPS)
    sections = found.sections()
    assert {"funnel:gender", "compare:gender", "bands:gender", "flip"} <= {s.id for s in sections}
    for each in sections:
        assert each.title and each.means and each.means_not
        assert all(len(row) == len(each.columns) for row in each.rows)


def test_no_name_no_person_and_no_application_is_in_what_is_read():
    found = fairness_of(sample(96), flips=False)
    shown = " ".join((*words(found.sections()), str(found.as_json())))
    assert not [secret for secret in SECRETS if secret in shown]
    assert not re.search(r"\bA-\d{4}\b", shown)


def test_a_reversed_comparison_is_said_to_be_one():
    result = sample(48)
    found = compare(result, "gender", "female", "male")
    within = stratified([*SIMPSON])
    turned = replace(found, within=within, notice="reversed")
    text = " ".join(bands_section((turned,)).text)
    assert "Simpson's paradox" in text
    assert "taken together Male did better, within merit bands Female did" in text


def test_the_machine_readable_form_is_canonical_and_the_same_every_time():
    one, other = (fairness_of(sample(96), flips=False).as_json() for _ in range(2))
    assert rfc8785.dumps(one) == rfc8785.dumps(other)
    assert one["comparisons"][0]["awards"]["test"] == "fisher"


@pytest.mark.parametrize("number", [each for each in range(0, 40, 4) if each != 24])
def test_the_counts_that_a_record_keeps_give_the_same_figures_again(number):
    record = small_record(number)
    assert record is not None  # round 24 is left out: no allocation of it is possible
    result = result_of(record)
    again = fairness_of(result, flips=number % 8 == 0, processes=1)
    kept = replace(result, fairness=kept_fairness(again))
    assert fairness_from(kept) == again
    assert fairness_from(replace(result, fairness=None)) is None
