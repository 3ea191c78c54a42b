"""The checker accepts the worked example of ``docs/method.md`` and refuses every way to bend it."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from allocator.record import check_proof
from allocator.record.check_proof import ProofError
from tests.proofs import Claim

SOURCE = Path(check_proof.__file__).read_text(encoding="utf-8")


def column(application: str, objective: int) -> dict[str, Any]:
    name = f"full[{application}]"
    return {
        "name": name,
        "objective": objective,
        "upper": 1,
        "application": application,
        "package": "full",
        "fund": "",
    }


def row(name: str, coefficients: dict[int, int], sense: str, bound: int) -> dict[str, Any]:
    return {
        "name": name,
        "columns": list(coefficients),
        "coefficients": list(coefficients.values()),
        "sense": sense,
        "bound": bound,
    }


def worked_example() -> Claim:
    """A costs 6 and is worth 60; B, C and D cost 5 and are worth 50 each; there is money for 10.

    Two of B, C and D are best. The lottery's order is C, A, D, B: it selects C and D.
    """
    return Claim(
        programme={
            "scale": 1,
            "columns": [column("A", 60), column("B", 50), column("C", 50), column("D", 50)],
            "rows": [row("budget[m]", {0: 6, 1: 5, 2: 5, 3: 5}, "<=", 10)],
        },
        proof={
            "blocks": [[0], [1], [2], [3]],
            "unit": 1,
            "bound": 100,
            "drawn": True,
            "parts": [
                {"multipliers": [[[0, 10]]]},  # nothing is worth more than 100
                {"multipliers": [[[0, 20]]]},  # C with A
                {"multipliers": [[[0, 20]]]},  # C and D without A, with B
            ],
        },
        values=[0, 0, 1, 1],
        objective=100,
        order=["C", "A", "D", "B"],
        funds=[],
    )


def with_helper() -> Claim:
    """One award falls short of a target by two; the shortfall costs 5 a unit."""
    claim = worked_example()
    short = column("", -5) | {"name": "short[b]", "upper": 9, "package": None}
    claim.programme["columns"] = [column("A", 60), short]
    claim.programme["rows"] = [row("balance[b]", {0: -2, 1: 1}, ">=", 0)]
    claim.proof |= {"blocks": [[0]], "bound": 50, "parts": [{"multipliers": [[[0, 5]]]}]}
    claim.values, claim.objective, claim.order = [1, 2], 50, ["A"]
    return claim


def refused(claim: Claim, reason: str) -> None:
    with pytest.raises(ProofError, match=reason):
        claim.check()


def test_the_worked_example_is_proven():
    assert worked_example().check() == {"bound": 100, "optimal": True, "drawn": True, "parts": 3}


def test_a_shortfall_is_priced():
    assert with_helper().check()["optimal"]


def test_numbers_may_be_written_as_text():
    claim = worked_example()
    claim.programme["rows"][0]["bound"] = "10"
    claim.proof["parts"][0]["multipliers"][0][0][1] = "10"
    assert claim.check()["drawn"]


def test_without_a_draw_one_part_bounds_everything():
    claim = worked_example()
    claim.proof |= {"drawn": False, "bound": 100, "parts": claim.proof["parts"][:1]}
    assert claim.check() == {"bound": 100, "optimal": True, "drawn": False, "parts": 1}
    claim.proof |= {"bound": 110, "parts": [{"multipliers": [[[0, 11]]]}]}
    assert claim.check() == {"bound": 110, "optimal": False, "drawn": False, "parts": 1}


def test_a_bound_that_is_not_reached_is_refused():
    claim = worked_example()
    claim.proof["parts"][0]["multipliers"] = [[[0, 11]]]
    refused(claim, "open")


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([{}, {}, {}], "open"),
        (slice(0, 2), "ends too early"),
        (slice(0, 0), "ends too early"),
        ([{"multipliers": [[[0, 10]]]}] * 3, "open"),
    ],
)
def test_parts_that_are_missing_or_open_are_refused(parts, reason):
    claim = worked_example()
    given = claim.proof["parts"]
    claim.proof["parts"] = given[parts] if isinstance(parts, slice) else parts
    refused(claim, reason)


def test_parts_after_the_end_are_refused():
    claim = worked_example()
    claim.proof["parts"].append({})
    refused(claim, "after its end")


def test_a_negative_multiplier_is_refused():
    claim = worked_example()
    claim.proof["parts"][1]["multipliers"] = [[[0, -20]]]
    refused(claim, "negative")


@pytest.mark.parametrize("order", [["A", "C", "D", "B"], ["B", "C", "A", "D"]])
def test_another_order_of_the_lottery_is_refused(order):
    claim = worked_example()
    claim.order = order
    refused(claim, "open|early|end")


@pytest.mark.parametrize("order", [["C", "A", "D"], ["C", "A", "D", "B", "A"]])
def test_an_order_that_is_none_is_refused(order):
    claim = worked_example()
    claim.order = order
    refused(claim, "lottery lacks")


@pytest.mark.parametrize(
    ("values", "objective", "reason"),
    [
        ([0, 1, 1, 0], 100, "open|early"),  # as good, but not what the lottery selects
        ([1, 0, 0, 0], 60, "not be the best"),  # worse
        ([0, 1, 1, 1], 150, "breaks a row"),
        ([0, 0, 1, 1], 90, "worth something else"),
        ([0, 0, 2, 0], 100, "out of bounds"),
        ([0, 0, True, True], 100, "out of bounds"),
        ([0, 0, 1], 100, "malformed"),
    ],
)
def test_another_allocation_is_refused(values, objective, reason):
    claim = worked_example()
    claim.values, claim.objective = values, objective
    refused(claim, reason)


def test_money_or_merit_changed_in_the_programme_is_refused():
    for j, objective in enumerate((70, 60, 60, 60)):
        claim = worked_example()
        claim.programme["columns"][j]["objective"] = objective
        refused(claim, "open|worth")
    claim = worked_example()
    claim.programme["rows"][0]["bound"] = 15
    refused(claim, "open")


@pytest.mark.parametrize(
    ("member", "value", "reason"),
    [
        ("blocks", [[0], [1], [2]], "every award once"),
        ("blocks", [[0], [1], [2], [3, 3]], "every award once"),
        ("blocks", [[0], [1], [2], ["x"]], "whole number"),
        ("unit", 0, "bound"),
        ("unit", 1.0, "whole number"),
        ("bound", 95, "bound"),
        ("bound", 105, "bound"),
        ("bound", 110, "lottery"),
        ("parts", {"multipliers": []}, "malformed"),
        ("parts", None, "malformed"),
    ],
)
def test_a_malformed_proof_is_refused(member, value, reason):
    claim = worked_example()
    claim.proof[member] = value
    refused(claim, reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sense": "="}, "malformed"),
        ({"bound": 10.0}, "whole number"),
        ({"bound": "ten"}, "whole number"),
        ({"columns": [0, 1, 2, 2]}, "twice"),
        ({"columns": [0, 1, 2, 4]}, "no column"),
        ({"columns": [0, 1, 2, -1]}, "no column"),
        ({"columns": [0, 1, 2]}, "malformed"),
    ],
)
def test_a_malformed_programme_is_refused(change, reason):
    claim = worked_example()
    claim.programme["rows"][0] |= change
    refused(claim, reason)


def test_awards_that_could_be_made_twice_are_refused():
    claim = worked_example()
    claim.programme["columns"][0]["upper"] = 2
    refused(claim, "upper bound")


def test_a_split_must_lie_within_one_block():
    claim = worked_example()
    claim.proof["parts"] = [{"split": [0, 1]}, {}, {}]
    refused(claim, "malformed")


def test_a_split_must_divide():
    """Else a proof could go on and on without getting anywhere."""
    for split in ([0], []):
        claim = worked_example()
        claim.proof["parts"] = [{"split": [0]}, {"split": split}, {}]
        refused(claim, "one side" if split else "malformed")


@pytest.mark.parametrize("parts", [[{}] * 100_001, [{"multipliers": [[]] * 5}]])
def test_a_proof_longer_than_any_that_is_made_is_refused(parts):
    claim = worked_example()
    claim.proof["parts"] = parts
    refused(claim, "too long")


def test_a_helping_column_raised_without_need_is_refused():
    claim = with_helper()
    claim.values, claim.objective, claim.proof["bound"] = [1, 3], 45, 50
    refused(claim, "without need")


def test_a_helping_column_that_is_worth_something_is_refused():
    """The bound counts only those that a multiplier makes worth something."""
    claim = with_helper()
    claim.programme["columns"][1]["objective"] = 1
    refused(claim, "a helper is worth something")


def test_a_block_with_countless_choices_is_refused():
    claim = worked_example()
    many = 13
    claim.programme["columns"] = [column(f"A{i}", 1) for i in range(many)]
    claim.programme["rows"] = []
    claim.proof["blocks"] = [[*range(many)]]
    claim.values, claim.objective = [1] * many, many
    refused(claim, "too many choices")


def test_a_row_with_a_credit_never_rules_out_choices():
    """An award that gives back what another takes: both together are allowed, neither is lost."""
    claim = worked_example()
    claim.programme["columns"] = [column("A", 10), column("B", 10)]
    claim.programme["rows"] = [row("one[x]", {0: 1, 1: -1}, "<=", 0)]
    claim.proof |= {"blocks": [[0, 1]], "bound": 20, "parts": [{}]}
    claim.values, claim.objective, claim.order = [1, 1], 20, ["A", "B"]
    assert claim.check()["optimal"]
    claim.values, claim.objective, claim.proof["bound"] = [0, 1], 10, 10
    refused(claim, "open")


def test_the_checker_stands_alone_and_really_checks():
    tree = ast.parse(SOURCE)
    imported = {
        name.name if isinstance(node, ast.Import) else (node.module or "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert all(name.partition(".")[0] in sys.stdlib_module_names for name in imported)
    assert not any(isinstance(node, ast.Assert) for node in ast.walk(tree))
    floats = [n for n in ast.walk(tree) if isinstance(n, ast.Constant | ast.Div)]
    assert not any(isinstance(n, ast.Div) or isinstance(n.value, float) for n in floats)


def test_the_checker_can_be_read_in_one_sitting():
    tree = ast.parse(SOURCE)
    prose = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = enumerate(SOURCE.splitlines(), start=1)
    assert sum(bool(text.strip()) and number not in prose for number, text in lines) < 200
