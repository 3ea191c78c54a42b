"""Two real delegations' lists load, every country resolved or named, and allocate within the rules.

No row of them is part of the project: the test is skipped where the shared data are not there.
"""

import shutil
from pathlib import Path

import pytest

from allocator.errors import Severity
from allocator.intake.assess import assess
from allocator.intake.folder import load_round
from allocator.model import Gender
from allocator.optimise.allocation import Status
from allocator.optimise.solve import allocate
from tests.referee import check, value

REAL = Path(__file__).parents[3] / "shared" / "data" / "real-rounds"
ROUND = """\
id: real
title: A real list of delegates
currency: CHF
decision_date: 2026-01-20
financial_year: "2026"
lottery_seed: published with the letter of invitation
policy: {policy}
meetings:
  - id: M1
    title: A session in Geneva
    study_group: SG13
    starts: 2026-03-02
    ends: 2026-03-11
    city: Geneva
    country: CHE
    dsa_per_day: 400
    days_paid: 10
funds:
  - id: fellowships
    title: Fellowship budget
    amount: 250000
"""
QUICK = (("merit-only", 1993), ("merit-only", 1994))
LONG = (("itu-t-2024", 1993), ("itu-t-2024", 1994))
ROWS = {1993: 429, 1994: 456}


here = pytest.mark.skipif(not REAL.exists(), reason="the real rounds are not here")


@here
@pytest.mark.parametrize("policy, year", QUICK)
def test_a_real_list_loads_and_is_proven_optimal(tmp_path, policy, year):
    assert decided(tmp_path, policy, year, time_limit=None) is Status.OPTIMAL


@here
@pytest.mark.parametrize("policy, year", LONG)
def test_a_real_list_keeps_the_rules_of_2024_when_time_is_short(tmp_path, policy, year):
    assert decided(tmp_path, policy, year, time_limit=5) in Status


@here
@pytest.mark.soak
@pytest.mark.parametrize("policy, year", LONG)
def test_a_real_list_is_proven_optimal_under_the_rules_of_2024(tmp_path, policy, year):
    assert decided(tmp_path, policy, year, time_limit=None) is Status.OPTIMAL


def decided(folder: Path, policy: str, year: int, time_limit: float | None) -> Status:
    """Load a list, allocate it, hold loading and allocation to what they promise."""
    shutil.copy(REAL / f"geneva-{year}" / "applications.csv", folder / "applications.csv")
    (folder / "round.yaml").write_text(ROUND.format(policy=policy), encoding="utf-8")
    loaded = load_round(folder)
    assessed = assess(loaded)
    problems = (*loaded.problems, *assessed.problems)
    assert [p for p in problems if p.severity is Severity.ERROR] == []
    assert len(loaded.applications) == ROWS[year]
    assert len(assessed.pool.candidates) + len(assessed.pool.ineligible) == ROWS[year]
    for application in loaded.applications:
        code = application.administration
        assert application.not_member or (len(code) == 3 and code.isupper())
    genders = {application.gender for application in loaded.applications}
    assert genders == {Gender.FEMALE, Gender.MALE, Gender.NOT_STATED}

    programme, allocation = allocate(
        assessed.pool, loaded.round, loaded.rules, time_limit=time_limit
    )
    assert len(allocation.awards) > 30
    assert check(assessed.pool, loaded.round, loaded.rules, allocation.awards) == []
    outcome = {award.application_id: award.package for award in allocation.awards}
    worth = value(assessed.pool, loaded.rules, outcome)
    assert allocation.objective == worth * programme.scale <= allocation.bound
    return allocation.status
