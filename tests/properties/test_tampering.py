"""Whoever changes a record is found out, though every checksum was made to fit again.

``FORGERIES`` is the table: what is done, and the check that must find it. Then every member is
spoiled in thousands of small ways, in its bytes and in its values.
"""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from allocator.record.canonical import canonical
from allocator.record.check_all import Given
from allocator.record.check_container import MANIFEST, packed, unpacked
from allocator.record.check_main import FOR_THE_ALLOCATOR
from allocator.record.check_report import PASS, Report
from allocator.record.record import with_manifest
from allocator.record.verify import verify_bytes
from tests.properties.forging import (
    Parts,
    a_better_allocation_out_of_bounds,
    a_bigger_budget,
    a_draw_left_out,
    a_dropped_application,
    a_higher_worth,
    a_list_with_a_hidden_line,
    a_lower_cost,
    a_problem_less,
    a_promise_more,
    a_proof_of_less,
    a_proof_without_the_lottery,
    a_remark_in_the_policy_file,
    a_slightly_worse_allocation,
    a_stowaway,
    a_truncated_proof,
    an_ineligible_one_let_in,
    another_input_file,
    another_meaning_of_words,
    another_payer,
    another_policy,
    another_policy_file,
    another_published_list,
    another_reason,
    another_seed,
    another_table,
    another_table_digest,
    another_verifier,
    another_version,
    awarded,
    closed,
    draws_in_another_order,
    merit_raised_without_effect,
    no_proof,
    opened,
    said_to_be_stopped,
    swapped_in_the_lottery,
    swapped_tie_draws,
)
from tests.properties.forging_explanations import (
    a_band_in_which_all_were_awarded,
    a_clause_that_does_not_forbid_it_alone,
    a_clause_that_looks_at_gender_left_out,
    a_factor_hidden,
    a_factor_said_to_take_too_long,
    a_factor_that_decided_nothing,
    a_flip_by_a_clause_that_there_is_not,
    a_flip_hidden,
    a_flip_made_up,
    a_lottery_that_a_declined_one_lost,
    a_lottery_that_an_awarded_one_won,
    a_margin_of_the_wrong_sign,
    a_margin_that_the_decisions_do_not_state,
    a_package_that_it_does_not_accept,
    a_region_left_out,
    a_target_said_to_be_reached,
    a_tie_made_up,
    an_exchange_hidden,
    an_exchange_made_up,
    an_exchange_of_the_tied_that_loses,
    an_explanation_less,
    another_clause_in_the_way,
    another_reason_than_the_clauses_give,
    bands_put_together,
    comparisons_in_another_order,
    exchanges_counted_wrong,
    extra_money_where_there_is_no_line,
    kept_at_any_merit,
    men_called_everybody_else,
    merit_said_to_be_gained,
    money_said_to_be_saved,
    more_to_spare_than_an_exchange_leaves,
    more_to_spare_than_it_had,
    more_women_awarded,
    never_whatever_its_merit,
    no_comparison,
    no_effect_at_all,
    no_word_about_gender,
    nobody_drawn_for,
    nobody_touched,
    nothing_in_the_way,
    others_that_do_not_hang_on_it,
    others_touched,
    points_for_a_region_left_in,
    short_though_it_could_be_exchanged,
    shorter_than_it_was,
    somebody_less_brought_in,
    somebody_not_asked,
    somebody_waiting,
)
from tests.records import alone, explained_record, sample_record, small_record, tiny_record


@dataclass(frozen=True)
class Forgery:
    """``found_by`` must not pass; those in ``FOR_THE_ALLOCATOR`` only the command can find.

    The smallest record in which there is something to forge does: it is verified twice.
    """

    change: Callable[[Parts], None]
    found_by: str
    sample: str = "tiny"


FORGERIES = (
    Forgery(merit_raised_without_effect, "merit"),
    Forgery(a_slightly_worse_allocation, "proof", "one-meeting"),
    Forgery(a_slightly_worse_allocation, "promises"),
    Forgery(a_better_allocation_out_of_bounds, "payments", "one-meeting"),
    Forgery(a_bigger_budget, "inputs"),
    Forgery(another_policy, "policy"),
    Forgery(a_dropped_application, "inputs"),
    Forgery(swapped_tie_draws, "proof", "one-meeting"),
    Forgery(draws_in_another_order, "draws", "one-meeting"),
    Forgery(a_draw_left_out, "reasons", "one-meeting"),
    Forgery(another_seed, "inputs"),
    Forgery(another_seed, "draws", "one-meeting"),
    Forgery(swapped_in_the_lottery, "lottery"),
    Forgery(a_truncated_proof, "proof", "one-meeting"),
    Forgery(no_proof, "proof"),
    Forgery(a_proof_of_less, "proof"),
    Forgery(a_proof_without_the_lottery, "proof"),
    Forgery(said_to_be_stopped, "proof"),
    Forgery(a_higher_worth, "objective"),
    Forgery(a_lower_cost, "costs"),
    Forgery(an_ineligible_one_let_in, "eligibility"),
    Forgery(another_payer, "payments", "year"),
    Forgery(another_reason, "reasons"),
    Forgery(another_table, "tables"),
    Forgery(another_table_digest, "tables"),
    Forgery(another_verifier, "edition"),
    Forgery(another_version, "edition"),
    Forgery(another_published_list, "decisions"),
    Forgery(a_list_with_a_hidden_line, "decisions"),
    Forgery(another_meaning_of_words, "inputs"),
    Forgery(another_input_file, "inputs"),
    Forgery(another_policy_file, "policy"),
    Forgery(a_remark_in_the_policy_file, "inputs"),
    Forgery(a_promise_more, "policy-promises"),
    Forgery(a_problem_less, "eligibility"),
    Forgery(a_margin_of_the_wrong_sign, "explanations"),
    Forgery(a_margin_that_the_decisions_do_not_state, "explanations"),
    Forgery(nothing_in_the_way, "explanations"),
    Forgery(another_clause_in_the_way, "reasons"),
    Forgery(a_clause_that_does_not_forbid_it_alone, "explanations"),
    Forgery(another_reason_than_the_clauses_give, "explanations"),
    Forgery(a_tie_made_up, "explanations"),
    Forgery(an_explanation_less, "explanations"),
    Forgery(others_that_do_not_hang_on_it, "explanations"),
    Forgery(nobody_touched, "explanations"),
    Forgery(others_touched, "explanations"),
    Forgery(somebody_waiting, "explanations"),
    Forgery(shorter_than_it_was, "explanations"),
    Forgery(more_to_spare_than_it_had, "explanations"),
    Forgery(kept_at_any_merit, "explanations"),
    Forgery(never_whatever_its_merit, "explanations"),
    Forgery(a_lottery_that_a_declined_one_lost, "explanations"),
    Forgery(a_lottery_that_an_awarded_one_won, "explanations"),
    Forgery(nobody_drawn_for, "explanations", "one-meeting"),
    Forgery(short_though_it_could_be_exchanged, "explanations", "one-meeting"),
    Forgery(more_to_spare_than_an_exchange_leaves, "explanations", "one-meeting"),
    Forgery(a_package_that_it_does_not_accept, "explanations"),
    Forgery(a_factor_that_decided_nothing, "explanations"),
    Forgery(extra_money_where_there_is_no_line, "explanations"),
    Forgery(a_factor_hidden, "effects"),
    Forgery(a_factor_said_to_take_too_long, "effects"),
    Forgery(somebody_less_brought_in, "effects"),
    Forgery(merit_said_to_be_gained, "effects"),
    Forgery(money_said_to_be_saved, "effects"),
    Forgery(a_target_said_to_be_reached, "effects"),
    Forgery(no_effect_at_all, "reasons"),
    Forgery(an_exchange_made_up, "effects"),
    Forgery(an_exchange_of_the_tied_that_loses, "effects", "one-meeting"),
    Forgery(an_exchange_hidden, "reasons", "one-meeting"),
    Forgery(exchanges_counted_wrong, "effects"),
    Forgery(more_women_awarded, "fairness"),
    Forgery(a_region_left_out, "fairness"),
    Forgery(a_band_in_which_all_were_awarded, "fairness", "one-meeting"),
    Forgery(no_word_about_gender, "fairness"),
    Forgery(a_flip_made_up, "fairness"),
    Forgery(no_comparison, "fairness"),
    Forgery(men_called_everybody_else, "fairness"),
    Forgery(comparisons_in_another_order, "fairness", "one-meeting"),
    Forgery(bands_put_together, "fairness", "one-meeting"),
    Forgery(points_for_a_region_left_in, "fairness", "one-meeting"),
    Forgery(a_flip_by_a_clause_that_there_is_not, "fairness", "flipped"),
    Forgery(a_flip_hidden, "fairness", "flipped"),
    Forgery(a_clause_that_looks_at_gender_left_out, "fairness", "flipped"),
    Forgery(somebody_not_asked, "fairness", "flipped"),
    Forgery(a_stowaway, "members"),
)


@pytest.mark.parametrize(
    "forgery", FORGERIES, ids=lambda each: f"{each.change.__name__}-{each.found_by}"
)
def test_a_forgery_is_found_by_the_check_that_should(forgery: Forgery) -> None:
    parts = opened(explained_record(forgery.sample))
    forgery.change(parts)
    record = closed(parts)
    report = verify_bytes(record)
    assert report.exit_code == 1
    assert report.check(forgery.found_by).status != PASS
    by_file = alone(record)
    agree_where_both_look(report, by_file)
    if forgery.found_by not in FOR_THE_ALLOCATOR:
        assert by_file.exit_code == 1


def agree_where_both_look(command: Report, file: Report) -> None:
    for each in file.checks:
        if each.id not in FOR_THE_ALLOCATOR:
            assert command.check(each.id) == each


def test_an_honest_run_on_other_inputs_is_found_by_the_signature_only() -> None:
    """What no check can show, a published key does."""
    ours, theirs = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
    key = ours.public_key().public_bytes_raw()
    parts = unpacked(sample_record())
    for signer, expected in ((ours, 0), (theirs, 1)):
        signed = {
            "algorithm": "Ed25519",
            "public_key": signer.public_key().public_bytes_raw().hex(),
            "signature": signer.sign(parts[MANIFEST]).hex(),
        }
        record = packed({**parts, "signature.json": canonical(signed)})
        for report in (
            verify_bytes(record, Given(public_key=key)),
            alone(record, Given(public_key=key)),
        ):
            assert report.exit_code == expected
            assert (report.check("signature").status == PASS) is not bool(expected)
    assert verify_bytes(packed(parts), Given(public_key=key)).exit_code == 1


# --- thousands of small changes -----------------------------------------------------------------


class Dice:
    """Numbers that are the same on every machine."""

    def __init__(self, label: str):
        self.label, self.turn = label, 0

    def upto(self, bound: int) -> int:
        self.turn += 1
        digest = hashlib.sha256(f"{self.label}/{self.turn}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % bound

    def one[T](self, *alternatives: T) -> T:
        return alternatives[self.upto(len(alternatives))]


def spoiled_bytes(content: bytes, dice: Dice) -> bytes:
    """Return other bytes: one flipped, cut, doubled or put in somewhere."""
    place = dice.upto(len(content))
    match dice.upto(5):
        case 0:
            return content[:place]
        case 1:
            return content[:place] + content[place + 1 + dice.upto(20) :]
        case 2:
            return content[:place] + bytes([dice.upto(256)]) + content[place:]
        case 3:
            return content + content[place:]
        case _:
            other = bytes([(content[place] + 1 + dice.upto(255)) % 256])
            return content[:place] + other + content[place + 1 :]


def spoiled_value(value: Any, dice: Dice) -> Any:
    """Return the JSON value with one thing in it changed, the JSON still being valid."""
    value = copy.deepcopy(value)
    path = dice.one(*list(paths(value)))
    if not path:
        return None if value else [value]
    within = value
    for step in path[:-1]:
        within = within[step]
    within[path[-1]] = other_value(within[path[-1]], dice)
    if isinstance(within, list) and dice.upto(4) == 0:
        within.append(within.pop(path[-1]) if path[-1] + 1 < len(within) else within[path[-1]])
    return value


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield before
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from paths(value[key], (*before, key))


def other_value(value: Any, dice: Dice) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return dice.one(value + 1, value - 1, -value - 1, value * 10 + 1, str(value), None)
    if isinstance(value, str):
        return dice.one(value + "1", value[1:] + "x", "", None, 0) if value else "x"
    if isinstance(value, list):
        return dice.one([*value, None], value[1:], None) if value else [0]
    return {**value, "more": 0} if isinstance(value, dict) else 0


@cache
def names() -> tuple[str, ...]:
    return tuple(unpacked(tiny_record()))


NEEDS_A_SOLVER = ("extra",)
"""Parts of an explanation that only a solver could find; of exact margins none is."""


def spoiled_record(number: int) -> tuple[str, bytes]:
    """Return what was spoiled and the record: its bytes, a member's bytes, or a value in it."""
    dice = Dice(f"spoiled {number}")
    member, kind = dice.one(*names()), dice.upto(5)
    if kind == 0:
        return "the file", spoiled_bytes(tiny_record(), dice)
    parts = unpacked(tiny_record())
    values = kind > 1 and member.endswith(".json")
    if values:
        parts[member] = canonical(spoiled_value(json.loads(parts[member]), dice))
    else:
        parts[member] = spoiled_bytes(parts[member], dice)
    if values and member != MANIFEST:
        parts.pop(MANIFEST)
        parts = with_manifest(parts)
    return f"{'values' if values else 'bytes'} of {member}", packed(parts)


def assert_refused(number: int) -> None:
    what, record = spoiled_record(number)
    if record == tiny_record():
        return
    report, file = verify_bytes(record), alone(record)
    agree_where_both_look(report, file)
    if what == "values of proof.json" and report.exit_code == 0:
        return  # another proof that proves the same is no forgery; the check has said that it does
    if what == "values of explanations.json" and report.exit_code == 0:
        assert without_a_solver(record) == without_a_solver(tiny_record())
        return
    assert report.exit_code == 1, what


def without_a_solver(record: bytes) -> list[dict[str, Any]]:
    """Return the explanations without the figures that only a solver finds."""
    told = json.loads(unpacked(record)["explanations.json"])
    return [{k: v for k, v in each.items() if k not in NEEDS_A_SOLVER} for each in told]


@pytest.mark.parametrize("batch", range(20))
def test_spoiled_records_are_refused(batch: int) -> None:
    for number in range(batch * 10, batch * 10 + 10):
        assert_refused(number)


@pytest.mark.parametrize("number", [4027, 5943, 6604, 7636, 10278])
def test_spoiled_records_that_once_passed_are_refused(number: int) -> None:
    """Bands of merit that began elsewhere, a criterion that there is not, no comparison at all."""
    assert_refused(number)


@pytest.mark.soak
@pytest.mark.parametrize("batch", range(100))
def test_ten_thousand_spoiled_records_are_refused(batch: int) -> None:
    for number in range(1_000 + batch * 100, 1_100 + batch * 100):
        assert_refused(number)


def small_records(count: int) -> Iterator[tuple[int, bytes]]:
    for number in range(count):
        record = small_record(number)
        if record is not None:
            yield number, record


@pytest.mark.parametrize("change", [a_slightly_worse_allocation, a_truncated_proof, a_higher_worth])
def test_small_rounds_are_no_easier_to_forge(change: Callable[[Parts], None]) -> None:
    """Of every kind of round, whatever rules it has; here by the file alone."""
    tried = 0
    for _, record in small_records(60):
        parts = opened(record)
        if not awarded(parts):
            continue
        change(parts)
        assert alone(closed(parts)).exit_code == 1
        tried += 1
    assert tried > 20
