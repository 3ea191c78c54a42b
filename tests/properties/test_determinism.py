"""Promise 3: the same round gives the same bytes, whatever the order of its rows or the machine."""

import csv
import os
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from functools import cache
from importlib import resources
from pathlib import Path

import pytest

from allocator.model import Fund, Gender, Package, Pool
from allocator.optimise.solve import allocate
from allocator.rules import BalanceFactor, Measure, PairScope, UnitLimit
from tests.builders import (
    EVERYBODY,
    FULL,
    PLAIN_RULES,
    REGION,
    Small,
    candidate,
    meeting,
    pool_of,
    round_of,
    where,
)
from tests.rounds import hashed

ROOT = Path(__file__).parents[2]
SURROUNDINGS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C", "OMP_NUM_THREADS": "1"},
    {
        "PYTHONHASHSEED": "4711",
        "TZ": "Pacific/Auckland",
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "2",
    },
    {"PYTHONHASHSEED": "1", "TZ": "America/Lima", "LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "1"},
)


def medium_round() -> Small:
    """Sixty applications of few kinds for two meetings and three funds: full of ties."""
    choose = hashed(1, "medium round")
    candidates = []
    for i in range(60):
        fare = 50_000 * (1 + choose(2))
        costs = dict(zip(Package, (fare + 400_000, fare, 400_000), strict=True))
        candidates.append(
            candidate(
                f"A{(i * 37) % 100:02}",
                merit=10_000 * (5 + choose(2)),
                costs=costs if choose(2) else {FULL: costs[FULL]},
                meeting=f"m{1 + choose(2)}",
                administration=sorted(REGION)[choose(4)],
                gender=(Gender.FEMALE, Gender.MALE, Gender.NOT_STATED)[choose(3)],
                person=f"p{i % 50}",
            )
        )
    funds = [
        Fund("general", "", 2_500_000, EVERYBODY),
        Fund("ldc", "", 1_000_000, where(country_group="ldc")),
        Fund("tickets", "", 300_000, where(package="ticket")),
    ]
    women = where(gender="female")
    half = Fraction(1, 2)
    rules = replace(
        PLAIN_RULES,
        quota=UnitLimit(2, 1, 1, 4, None),
        person_year=UnitLimit(2, 1, 1, 2, None),
        ticket_in_pair=PairScope.ALL,
        balance=(
            BalanceFactor("gender", "", women, "gender", half, Measure.AWARDS, 25_000, None),
            BalanceFactor(
                "regions", "", EVERYBODY, "region", None, Measure.AWARDS, 5_000, None, "region"
            ),
        ),
    )
    return Small(
        pool_of(candidates), round_of([meeting("m1"), meeting("m2", city="Cairo")], funds), rules
    )


def told(small: Small) -> str:
    """Everything a run decides, as text."""
    return repr(allocate(small.pool, small.round, small.rules))


@cache
def told_once() -> str:
    return told(medium_round())


def test_the_order_of_the_applications_decides_nothing():
    small = medium_round()
    found = allocate(small.pool, small.round, small.rules)
    assert repr(found) == told_once()
    plain = found[1]
    assert len(plain.draws) > 5, "no ties to settle"
    for number in range(2):
        order = list(small.pool.candidates)
        random.Random(number).shuffle(order)
        _, shuffled = allocate(Pool(tuple(order), ()), small.round, small.rules)
        assert repr((shuffled.awards, shuffled.objective, shuffled.draws)) == repr(
            (plain.awards, plain.objective, plain.draws)
        )


def test_the_machine_decides_nothing():
    code = "from tests.properties.test_determinism import *; print(told(medium_round()))"
    outputs = {run([sys.executable, "-c", code], each) for each in SURROUNDINGS}
    assert outputs == {told_once() + "\n"}


def run(command: list[str], surroundings: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_writes_the_same_bytes_whatever_the_machine_and_the_order_of_rows(tmp_path):
    plain, mixed = tmp_path / "plain", tmp_path / "mixed"
    with resources.as_file(resources.files("allocator") / "samples" / "one-meeting") as sample:
        shutil.copytree(sample, plain)
        shutil.copytree(sample, mixed)
    shuffle(mixed / "applications.csv")

    def results(number: int, folder: Path) -> dict[str, bytes]:
        out = tmp_path / f"out{number}"
        command = [sys.executable, "-m", "allocator", "run", str(folder), "--out", str(out)]
        run(command, SURROUNDINGS[number])
        return {path.name: path.read_bytes() for path in sorted(out.iterdir())}

    with ThreadPoolExecutor(2) as both:
        first, second, other = both.map(results, range(3), (plain, plain, mixed))
    assert first.keys() >= {"decisions.csv", "decisions.xlsx", "report.html", "record.zip"}
    assert [name for name in first if first[name] != second[name]] == []
    assert other["decisions.csv"] == first["decisions.csv"]


def shuffle(path: Path) -> None:
    """Put the rows and the columns of a CSV file in another order."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    luck = random.Random(7)
    luck.shuffle(rows)
    columns = list(range(len(header)))
    luck.shuffle(columns)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[row[j] for j in columns] for row in [header, *rows]])


@pytest.mark.soak
def test_the_machine_decides_nothing_in_any_of_many_surroundings():
    code = "from tests.properties.test_determinism import *; print(told(medium_round()))"
    expected = told(medium_round()) + "\n"
    for number in range(20):
        surroundings = SURROUNDINGS[number % 3] | {"PYTHONHASHSEED": str(number)}
        assert run([sys.executable, "-c", code], surroundings) == expected
