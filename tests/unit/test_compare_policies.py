"""Prices, moves, what-if and comparisons: every figure is what the two results say."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from zipfile import ZipFile

import pytest

from allocator.cli import main
from allocator.commands.compare import MOST_MOVES, comparison_blocks
from allocator.commands.compare import compare as compare_command
from allocator.decide import decide
from allocator.errors import AllocatorError, Exit
from allocator.explain.compare_policies import compare_policies, compare_results
from allocator.explain.moves import Moved, moves
from allocator.explain.price import price, price_of_override
from allocator.explain.result import Result
from allocator.explain.what_if import Assessed, assessed, what_if
from allocator.intake.amended import with_overrides, with_policy
from allocator.intake.folder import LoadedRound, load_round
from allocator.intake.overrides import Override, OverrideKind
from allocator.model import Decision, Package
from allocator.outputs.compare_xlsx import figure_rows, move_rows, write_compare_xlsx
from allocator.policy import policy_bytes
from tests.records import SAMPLES, tiny_round

DAY = date(2027, 1, 10)


@pytest.fixture(scope="module")
def known() -> Iterator[Assessed]:
    with tiny_round() as folder:
        yield assessed(load_round(folder))


@pytest.fixture(scope="module")
def before(known: Assessed) -> Result:
    return what_if(known)


def ruling(application: str, decision: OverrideKind = OverrideKind.MUST) -> Override:
    return Override(application, decision, "A reason.", "Somebody", DAY)


def declined(result: Result) -> list[str]:
    return [e.application_id for e in result.lines if e.decision is Decision.DECLINED]


# --- what if ------------------------------------------------------------------------------------


def heavier(loaded: LoadedRound, factor: int) -> LoadedRound:
    balance = tuple(replace(e, weight=e.weight * factor) for e in loaded.rules.balance)
    return replace(loaded, rules=replace(loaded.rules, balance=balance))


def test_what_if_decides_as_a_run_does(known: Assessed, before: Result) -> None:
    over = [ruling(declined(before)[0])]
    dearer = replace(known.loaded.rules, award_points=50_000)
    for loaded, found in (
        (known.loaded, before),
        (heavier(known.loaded, 3), what_if(known, heavier(known.loaded, 3).rules)),
        (replace(known.loaded, rules=dearer), what_if(known, dearer)),
        (with_overrides(known.loaded, over), what_if(known, overrides=over)),
    ):
        full = decide(loaded)
        assert found.allocation == full.allocation
        assert found.pool == full.pool
        assert found.programme == full.programme
        told = [(each.application_id, each.reason_code, each.amount) for each in full.lines]
        assert [(e.application_id, e.reason_code, e.amount) for e in found.lines] == told


def test_overrides_stay_when_only_a_weight_is_moved(known: Assessed, before: Result) -> None:
    over = with_overrides(known.loaded, [ruling(declined(before)[0])])
    found = what_if(assessed(over), heavier(known.loaded, 5).rules)
    assert found.allocation.award_of(declined(before)[0]) is not None


def test_an_override_of_an_ineligible_application_is_refused_at_once_too(
    known: Assessed, before: Result
) -> None:
    name = next(e.application_id for e in before.lines if e.decision is Decision.INELIGIBLE)
    with pytest.raises(AllocatorError) as refusal:
        what_if(known, overrides=[ruling(name)])
    assert "override-ineligible" in [each.code for each in refusal.value.problems]


# --- prices and moves ---------------------------------------------------------------------------


def test_the_price_of_an_override_is_the_difference_of_the_two_results(
    known: Assessed, before: Result
) -> None:
    name = declined(before)[0]
    after = what_if(known, overrides=[ruling(name)])
    found = price(before, after)
    scale = Fraction(before.programme.scale)
    assert found.same_worth
    assert found.same_merit
    worth = after.allocation.objective - before.allocation.objective
    assert found.objective.by == worth / scale
    assert found.objective.by < 0
    spent = [sum(e.amount for e in each.allocation.awards) for each in (before, after)]
    assert (found.money.before, found.money.after) == tuple(spent)
    assert sum(each.spent.by for each in found.funds) == found.money.by
    assert sum(each.spent.by for each in found.meetings) == found.money.by
    gained = {e.application_id for e in found.moves if e.kind is Moved.GAINS}
    lost = {e.application_id for e in found.moves if e.kind is Moved.LOSES}
    assert name in gained
    assert len(gained) - len(lost) == found.awards.by
    for each in found.groups:
        assert 0 <= each.after.inside <= each.after.counted
    said = " ".join(found.sentences())
    assert "merit points less" in said
    assert all(each.application_id in said for each in found.moves)
    json.dumps(found.as_json())


def test_the_price_of_one_override_is_with_the_others_held(known: Assessed, before: Result) -> None:
    one, two = ruling(declined(before)[0]), ruling(before.allocation.awards[0].application_id)
    alone = price_of_override(known, one)
    assert alone == price(before, what_if(known, overrides=[one]))
    both = assessed(with_overrides(known.loaded, [one, two]))
    held = price_of_override(both, one)
    assert held == price(what_if(known, overrides=[two]), what_if(both))


def test_moves_backwards_are_the_same_moves_turned_round(known: Assessed, before: Result) -> None:
    after = what_if(known, overrides=[ruling(each) for each in declined(before)[:1]])
    there, back = moves(before, after), moves(after, before)
    assert [(e.application_id, e.before, e.after) for e in there] == [
        (e.application_id, e.after, e.before) for e in back
    ]
    assert moves(before, before) == ()
    assert "Nobody" in price(before, before).sentences()[0]


def test_every_kind_of_move_has_its_sentence(before: Result) -> None:
    line = next(e for e in before.lines if e.decision is Decision.AWARDED)
    other = next(p for p in Package if p is not line.package)
    changes = {
        Moved.LOSES: {"decision": Decision.DECLINED, "package": None, "amount": 0},
        Moved.PACKAGE: {"package": other},
        Moved.AMOUNT: {"amount": line.amount + 1},
    }
    for kind, change in changes.items():
        after = replace(before, lines=(replace(line, **change),))
        (found,) = moves(before, after)
        assert found.kind is kind
        assert found.sentence.startswith(line.application_id)
    out = replace(line, decision=Decision.DECLINED, package=None, amount=0)
    refused = replace(out, decision=Decision.INELIGIBLE)
    was, now = (replace(before, lines=(each,)) for each in (out, refused))
    assert [each.kind for each in moves(was, now)] == [Moved.ELIGIBILITY]
    assert "eligible" in moves(was, now)[0].sentence


def test_a_price_across_policies_sets_no_unlike_sums_against_each_other(
    known: Assessed, before: Result
) -> None:
    weights = price(before, what_if(known, heavier(known.loaded, 3).rules))
    assert weights.same_merit
    assert not weights.same_worth
    points = price(before, what_if(known, replace(known.loaded.rules, award_points=50_000)))
    assert not points.same_merit
    assert not points.same_worth
    assert "cannot be set against" in " ".join(points.sentences())


# --- comparisons --------------------------------------------------------------------------------


def test_policies_are_set_side_by_side_as_each_decides_by_itself(known: Assessed) -> None:
    names = ("itu-t-2024", "merit-only", "itu-d-2009-2017")
    found = compare_policies(known.loaded, [(name, *policy_bytes(name)) for name in names])
    assert [side.name for side in found.sides] == list(names)
    first = decide(with_policy(known.loaded, *policy_bytes(names[0])))
    for name, side in zip(names, found.sides, strict=True):
        alone = decide(with_policy(known.loaded, *policy_bytes(name)))
        assert side.awarded == len(alone.allocation.awards)
        assert side.spent == sum(each.amount for each in alone.allocation.awards)
        assert side.objective == Fraction(alone.allocation.objective, alone.programme.scale)
        assert side.moves == moves(first, alone)
    assert found.sides[0].moves == ()
    assert found.sides[0].merit == found.sides[0].merit_by_first
    keys = [each.key for each in found.groups()]
    assert len(keys) == len(set(keys))
    for side in found.sides:
        assert [each.key for each in side.standings if each.key.startswith("aim:")] == [
            key for key in keys if key.startswith("aim:")
        ]


def test_a_policy_that_cannot_be_read_is_named(known: Assessed) -> None:
    with pytest.raises(AllocatorError) as refusal:
        compare_policies(known.loaded, [("mine", b"policy: 3", "mine.yaml")])
    assert refusal.value.problems[0].code == "compare-policy"
    assert "mine" in refusal.value.problems[0].what


def test_tables_have_a_value_for_every_side_and_the_workbook_holds_no_formula(
    known: Assessed, before: Result, tmp_path: Path
) -> None:
    after = what_if(known, heavier(known.loaded, 9).rules)
    found = compare_results([("=1+1", before), ("b", after)])
    assert all(len(row) == 3 for row in (*figure_rows(found), *move_rows(found)))
    path = tmp_path / "c.xlsx"
    write_compare_xlsx(found, path)
    content = path.read_bytes()
    write_compare_xlsx(found, path)
    assert path.read_bytes() == content
    with ZipFile(path) as file:
        sheets = [file.read(name) for name in file.namelist() if "worksheets/sheet" in name]
    assert sheets
    assert not any(b"<f>" in sheet for sheet in sheets)


def test_many_moves_are_cut_on_the_screen_but_not_in_the_data(before: Result) -> None:
    line = next(e for e in before.lines if e.decision is Decision.AWARDED)
    lines = tuple(replace(line, application_id=f"B{n:03}") for n in range(MOST_MOVES + 5))
    gone = tuple(replace(e, decision=Decision.DECLINED, package=None, amount=0) for e in lines)
    found = compare_results(
        [("a", replace(before, lines=lines)), ("b", replace(before, lines=gone))]
    )
    assert len(found.as_json()["sides"][1]["moves"]) == MOST_MOVES + 5
    assert "5 more" in str(comparison_blocks(found)[-1])


def test_the_command_compares_with_the_rounds_own_policy_and_writes_the_workbook(
    tmp_path: Path,
) -> None:
    with tiny_round() as folder:
        answer = compare_command(folder, ["merit-only"], tmp_path / "c.xlsx", None)
        assert answer.exit_code is Exit.DONE
        names = [side["policy"] for side in answer.data["sides"]]
        assert names == ["the round's own", "merit-only"]
        assert [each.name for each in tmp_path.iterdir()] == ["c.xlsx"]
        several = compare_command(folder, ["merit-only", "itu-t-2024"], None, None)
        assert [side["policy"] for side in several.data["sides"]] == ["merit-only", "itu-t-2024"]
    json.dumps(answer.data)


def test_a_workbook_that_cannot_be_written_is_said_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tiny_round() as folder:
        asked = [
            "compare",
            str(folder),
            "-p",
            "merit-only",
            "--out",
            str(tmp_path / "no" / "c.xlsx"),
        ]
        with pytest.raises(SystemExit) as left:
            main(asked)
    assert left.value.code == Exit.REFUSED
    assert "No such file" in capsys.readouterr().err


def test_the_command_asks_for_what_it_needs() -> None:
    for policies, out, code in (
        ([], None, "compare-no-policy"),
        (["merit-only"], Path("c.csv"), "compare-out"),
    ):
        with pytest.raises(AllocatorError) as refusal:
            compare_command(SAMPLES / "one-meeting", policies, out, None)
        assert refusal.value.code == code
        assert refusal.value.exit_code is Exit.USAGE
