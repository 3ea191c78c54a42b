"""Policies read aloud and compared: complete, with references, and only what differs in meaning."""

from datetime import date
from itertools import product

import pytest

from allocator.policy import (
    diff,
    json_schema,
    load_policy,
    plain_words,
    settle,
)
from tests.policies import DATED, DAY, SHIPPED, SMALL, policy


def test_layout_order_and_comments_are_no_difference() -> None:
    blocks = DATED.split("\nmerit:")
    moved = "# a comment\nmerit:" + blocks[1] + blocks[0] + "\n"
    rewritten = (
        moved.replace("35 %", "7/20")
        .replace("{full: 1, ticket: 1/2,", "{ticket: {value: 0.5}, full: 100 %,")
        .replace("value: 40,", "value: 40.000,")
    )
    assert rewritten != DATED
    assert diff(policy(DATED), policy(rewritten)) == ()


def test_a_difference_says_where_what_and_how_in_words() -> None:
    (change,) = diff(policy(DATED), policy(DATED.replace("weight: 10", "weight: 12.5")))
    assert (change.path, change.old, change.new) == ("balance.women.weight", "10", "12.5")
    assert change.meaning == "the balance factor “Women”: weight in merit points"


def test_a_difference_that_is_not_in_force_on_the_day_does_not_count() -> None:
    later = policy(DATED.replace("2026-01-01, value: 1/2", "2026-01-01, value: 45 %"))
    assert diff(policy(DATED), later, date(2025, 6, 1)) == ()
    (change,) = diff(policy(DATED), later, date(2026, 6, 1))
    assert (change.old, change.new) == ("0.5", "0.45")


def test_a_new_entry_is_one_change() -> None:
    (change,) = diff(policy(SMALL), policy(DATED))
    assert (change.path, change.old) == ("balance.women", "")
    assert "weight: 10" in change.new
    (back,) = diff(policy(DATED), policy(SMALL))
    assert (back.old, back.new) == (change.new, "")
    assert diff(policy(DATED), policy(SMALL), date(2031, 1, 1)) == ()


def test_every_kind_of_change_has_words() -> None:
    loaded = [load_policy(name) for name in SHIPPED]
    for a, b in product(loaded, loaded):
        for change in diff(a, b):
            assert change.old != change.new
            assert "_" not in change.meaning.split("`")[0], change


@pytest.mark.parametrize("name", SHIPPED)
def test_plain_words_read_the_policy_completely_with_references(name: str) -> None:
    shipped = load_policy(name)
    rules = settle(shipped, DAY)
    text = "\n".join(s for part in plain_words(shipped) for s in part.sentences)
    for part in (*rules.eligibility, *rules.criteria, *rules.balance):
        assert part.title in text
        assert part.reference is not None
        assert part.reference in text
    for reference in rules.references:
        assert text.count(reference.id) >= 2, reference.id
    assert "{" not in text


def test_a_weight_is_read_as_an_exchange_rate() -> None:
    rules = settle(load_policy("itu-t-2024"), DAY)
    balance = next(part for part in plain_words(rules) if part.title == "Balance")
    assert (
        "One more award to a woman is worth up to 25 merit points until women hold 50\u202f% of "
        "the awards." in balance.sentences[1]
    )


def test_rules_and_policy_read_the_same_numbers() -> None:
    shipped = load_policy("itu-t-2024")
    ours = plain_words(settle(shipped, DAY))
    theirs = plain_words(shipped, DAY)
    assert [part.title for part in ours] == [part.title for part in theirs]


def test_schema_knows_every_kind() -> None:
    kinds = {form["properties"]["kind"].get("const") for form in json_schema()["$defs"].values()
             if "kind" in form.get("properties", ())}  # fmt: skip
    assert {"listed", "any_of", "deadline", "prior_awards", "days"} <= kinds
