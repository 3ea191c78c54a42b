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
from allocator.record.check_book import Book
from allocator.record.check_container import MANIFEST, STANDALONE, Opened, packed, unpacked
from allocator.record.check_main import FOR_THE_ALLOCATOR
from allocator.record.check_outcome import draw_of, worth_of
from allocator.record.check_programme import Writer
from allocator.record.check_report import PASS, Report
from allocator.record.check_rules import awards_of
from allocator.record.record import with_manifest
from allocator.record.verify import verify_bytes
from tests.records import alone, explained_record, sample_record, small_record, tiny_record

type Parts = dict[str, Any]
"""Members by name: JSON as values, all else as bytes."""


def opened(record: bytes) -> Parts:
    parts = unpacked(record)
    parts.pop(MANIFEST)
    return {
        name: json.loads(content) if name.endswith(".json") else content
        for name, content in parts.items()
    }


def closed(parts: Parts) -> bytes:
    """Pack the parts with checksums that fit."""
    contents = {n: p if isinstance(p, bytes) else canonical(p) for n, p in parts.items()}
    return packed(with_manifest(contents))


# --- what a clever forger would do --------------------------------------------------------------


def line_of(parts: Parts, application: str) -> dict[str, Any]:
    lines = parts["result.json"]["decisions"]
    return next(each for each in lines if each["application_id"] == application)


def candidate_of(parts: Parts, application: str) -> dict[str, Any]:
    pool = parts["pool.json"]["candidates"]
    return next(each for each in pool if each["application"]["application_id"] == application)


def awarded(parts: Parts) -> list[str]:
    return [each["application_id"] for each in parts["result.json"]["awards"]]


def declined(parts: Parts) -> list[str]:
    lines = parts["result.json"]["decisions"]
    return [each["application_id"] for each in lines if each["decision"] == "declined"]


def columns_of(parts: Parts, application: str) -> list[int]:
    columns = parts["programme.json"]["columns"]
    return [j for j, column in enumerate(columns) if column["application"] == application]


def agree(parts: Parts) -> None:
    """Let programme, values, worth, draws, decisions and lists follow from pool and awards."""
    parts.pop("decisions.csv", None)
    book = Book(Opened(closed(parts)))
    parts["programme.json"] = programme = Writer(book).programme()
    result = parts["result.json"]
    granted = {each["application_id"]: each for each in result["awards"]}
    values = [
        int(granted.get(c["application"], {}).get("package") == c["package"] is not None)
        for c in programme["columns"]
    ]
    result["values"] = completed(programme, values)
    record = Opened(closed(parts))
    worth = worth_of(Book(record), awards_of(record)) * programme["scale"]
    result["objective"] = result["bound"] = int(worth)
    for draw in result["draws"]:
        draw["package"] = granted.get(draw["application_id"], {}).get("package")
    for line in result["decisions"]:
        award = granted.get(line["application_id"])
        if award is not None:
            line |= {"decision": "awarded", "package": award["package"], "amount": award["amount"]}
            line["fund"] = " + ".join(fund for fund, _ in award["shares"])
        elif line["decision"] == "awarded":
            line |= {"decision": "declined", "package": None, "amount": 0, "fund": ""}
        line["margin"] = None


def completed(programme: dict[str, Any], values: list[int]) -> list[int]:
    """Return the values with every helping column at the least that its rows need."""
    columns = programme["columns"]
    for row in programme["rows"]:
        sign = 1 if row["sense"] == "<=" else -1
        terms = [
            (j, sign * int(c)) for j, c in zip(row["columns"], row["coefficients"], strict=True)
        ]
        for j, factor in terms:
            if factor == -1 and not columns[j]["application"]:
                used = sum(c * values[k] for k, c in terms if k != j)
                values[j] = max(values[j], used - sign * int(row["bound"]))
    return values


def award_to(parts: Parts, application: str, package: str | None = None) -> None:
    costs = candidate_of(parts, application)["costs"]
    cost = next(each for each in costs if package in (None, each["package"]))
    funds = parts["round.json"]["funds"]
    shares = [[funds[0]["id"], cost["amount"]]] if funds else []
    award = {"application_id": application, "amount": cost["amount"], "package": cost["package"]}
    parts["result.json"]["awards"].append({**award, "shares": shares})
    parts["result.json"]["awards"].sort(key=lambda each: each["application_id"])


def take_from(parts: Parts, application: str) -> None:
    awards = parts["result.json"]["awards"]
    awards[:] = [each for each in awards if each["application_id"] != application]


def merit_raised_without_effect(parts: Parts) -> None:
    """The least meritorious of the declined gets a thousandth more, everywhere."""
    application = min(declined(parts), key=lambda each: candidate_of(parts, each)["merit"])
    candidate = candidate_of(parts, application)
    candidate["merit"] += 1
    candidate["breakdown"][0]["points"] += 1
    line_of(parts, application)["merit"] += 1
    agree(parts)


def a_slightly_worse_allocation(parts: Parts) -> None:
    application = min(awarded(parts), key=lambda each: candidate_of(parts, each)["merit"])
    take_from(parts, application)
    agree(parts)


def a_better_allocation_out_of_bounds(parts: Parts) -> None:
    award_to(parts, declined(parts)[0])
    agree(parts)


def a_bigger_budget(parts: Parts) -> None:
    parts["round.json"]["funds"][0]["amount"] += 1_000_000
    award_to(parts, declined(parts)[0])
    agree(parts)


def another_policy(parts: Parts) -> None:
    parts["rules.json"]["balance"][0]["weight"] += 1
    agree(parts)


def a_dropped_application(parts: Parts) -> None:
    """One that was declined disappears from everything but the input file."""
    application = declined(parts)[0]
    for member, name in (("applications.json", "applications"), ("pool.json", "candidates")):
        parts[member][name] = [
            each
            for each in parts[member][name]
            if each.get("application", each)["application_id"] != application
        ]
    result, lottery = parts["result.json"], parts["lottery.json"]
    lottery["order"].remove(application)
    for name in ("decisions", "draws"):
        result[name] = [each for each in result[name] if each["application_id"] != application]
    for position, draw in enumerate(result["draws"], start=1):
        draw["position"] = position
    agree(parts)


def swapped_tie_draws(parts: Parts) -> None:
    """Of two that were tied, the other one gets the award."""
    draws = parts["result.json"]["draws"]
    for lucky in [each for each in draws if each["package"]]:
        for other in [each for each in draws if not each["package"]]:
            tried = copy.deepcopy(parts)
            take_from(tried, lucky["application_id"])
            award_to(tried, other["application_id"], lucky["package"])
            before = tried["result.json"]["objective"]
            agree(tried)
            if tried["result.json"]["objective"] == before:
                parts.clear()
                parts.update(tried)
                return
    raise AssertionError("no two draws can be swapped")


def draws_in_another_order(parts: Parts) -> None:
    draws = parts["result.json"]["draws"]
    draws[0], draws[1] = draws[1], draws[0]
    draws[0]["position"], draws[1]["position"] = 1, 2


def a_draw_left_out(parts: Parts) -> None:
    drawn = [each for each in parts["result.json"]["draws"] if not each["package"]]
    parts["result.json"]["draws"].remove(drawn[0])
    for position, draw in enumerate(parts["result.json"]["draws"], start=1):
        draw["position"] = position


def another_seed(parts: Parts) -> None:
    seed = parts["round.json"]["lottery_seed"] + "!"
    parts["round.json"]["lottery_seed"] = parts["rules.json"]["lottery_seed"] = seed
    parts["lottery.json"]["seed"] = seed
    parts["lottery.json"]["order"].sort(key=lambda each: (draw_of(seed, each), each))


def swapped_in_the_lottery(parts: Parts) -> None:
    order = parts["lottery.json"]["order"]
    order[0], order[1] = order[1], order[0]


def a_truncated_proof(parts: Parts) -> None:
    parts["proof.json"]["parts"].pop()


def no_proof(parts: Parts) -> None:
    del parts["proof.json"]


def a_proof_of_less(parts: Parts) -> None:
    parts["proof.json"]["bound"] += 1000


def a_proof_without_the_lottery(parts: Parts) -> None:
    parts["proof.json"]["drawn"] = False


def said_to_be_stopped(parts: Parts) -> None:
    parts["result.json"]["status"] = "not final"


def a_higher_worth(parts: Parts) -> None:
    parts["result.json"]["objective"] += 1
    parts["result.json"]["bound"] += 1


def a_lower_cost(parts: Parts) -> None:
    application = awarded(parts)[0]
    for cost in candidate_of(parts, application)["costs"]:
        cost["amount"] -= 1
    for award in parts["result.json"]["awards"]:
        if award["application_id"] == application:
            award["amount"] -= 1
            award["shares"][0][1] -= 1
    agree(parts)


def an_ineligible_one_let_in(parts: Parts) -> None:
    pool = parts["pool.json"]
    refused = pool["ineligible"].pop()
    refused.pop("findings")
    like = copy.deepcopy(pool["candidates"][0])
    pool["candidates"].append({**like, **refused})
    pool["candidates"].sort(key=lambda each: each["application"]["application_id"])
    application = refused["application"]["application_id"]
    line = {"decision": "declined", "merit": like["merit"], "reason_code": "budget"}
    line_of(parts, application).update(line)
    seed = parts["lottery.json"]["seed"]
    order = [*parts["lottery.json"]["order"], application]
    parts["lottery.json"]["order"] = sorted(order, key=lambda each: (draw_of(seed, each), each))
    agree(parts)


def another_payer(parts: Parts) -> None:
    """A centime is moved from one fund to another that may pay too."""
    book = Book(Opened(closed(parts)))
    for award in parts["result.json"]["awards"]:
        payers = book.payers[award["application_id"], award["package"]]
        used = [fund for fund, _ in award["shares"]]
        others = [fund for fund in payers if fund not in used]
        if others:
            award["shares"][-1][1] -= 1
            award["shares"].append([others[0], 1])
            agree(parts)
            return
    raise AssertionError("no award could be paid otherwise")


def another_reason(parts: Parts) -> None:
    line_of(parts, declined(parts)[0])["reason"] = "The documents came too late."
    parts.pop("decisions.csv")


def another_table(parts: Parts) -> None:
    parts["tables.json"]["rows"]["groups"].pop()


def another_table_digest(parts: Parts) -> None:
    parts["tables.json"]["tables"][0]["sha256"] = "0" * 64


def another_verifier(parts: Parts) -> None:
    parts[STANDALONE] = b"print('VERIFIED: all checks hold, none fails.')\n"


def another_version(parts: Parts) -> None:
    parts["versions.json"]["allocator"] = "0.0.9"


def another_published_list(parts: Parts) -> None:
    parts["decisions.csv"] = parts["decisions.csv"].replace(b"declined", b"awarded", 1)


def a_list_with_a_hidden_line(parts: Parts) -> None:
    parts["decisions.csv"] += b"\n"


def another_meaning_of_words(parts: Parts) -> None:
    name = next(iter(parts["attributes.json"]))
    parts["attributes.json"][name] = "administration"


def another_input_file(parts: Parts) -> None:
    """The application file is changed, with its checksum; what was understood is not."""
    content = parts["inputs/applications.csv"].replace(b",female,", b",male,", 1)
    parts["inputs/applications.csv"] = content
    for each in parts["inputs.json"]:
        if each["role"] == "applications":
            each["sha256"] = hashlib.sha256(content).hexdigest()


def another_policy_file(parts: Parts) -> None:
    name = next(each["member"] for each in parts["inputs.json"] if each["role"] == "policy")
    content = parts[name].replace(b"value: 25", b"value: 24", 1)
    assert content != parts[name]
    parts[name] = content
    for each in parts["inputs.json"]:
        if each["role"] == "policy":
            each["sha256"] = hashlib.sha256(content).hexdigest()


def a_remark_in_the_policy_file(parts: Parts) -> None:
    name = next(each["member"] for each in parts["inputs.json"] if each["role"] == "policy")
    parts[name] += b"\n# a remark\n"


def a_promise_more(parts: Parts) -> None:
    parts["result.json"]["promises"][0]["text"] += " Always."


def a_problem_less(parts: Parts) -> None:
    parts["result.json"]["problems"].pop()


def explained(parts: Parts, application: str) -> dict[str, Any]:
    return next(e for e in parts["explanations.json"] if e["application_id"] == application)


def a_margin_of_the_wrong_sign(parts: Parts) -> None:
    application = next(each for each in declined(parts) if explained(parts, each)["margin"])
    explained(parts, application)["margin"]["points"] *= -1


def a_margin_that_the_decisions_do_not_state(parts: Parts) -> None:
    application = next(each for each in declined(parts) if explained(parts, each)["margin"])
    explained(parts, application)["margin"]["points"] += 1


def nothing_in_the_way(parts: Parts) -> None:
    application = declined(parts)[0]
    for each in explained(parts, application)["obstacles"]:
        each["clauses"] = []


def another_clause_in_the_way(parts: Parts) -> None:
    explained(parts, declined(parts)[0])["obstacles"][0]["clauses"].append("cap[none]")


def a_clause_that_does_not_forbid_it_alone(parts: Parts) -> None:
    obstacle = next(
        obstacle
        for each in declined(parts)
        for obstacle in explained(parts, each)["obstacles"]
        if obstacle["clauses"]
    )
    obstacle["alone"] = [] if obstacle["alone"] else obstacle["clauses"][:1]


def another_reason_than_the_clauses_give(parts: Parts) -> None:
    application = next(
        each
        for each in declined(parts)
        if (found := explained(parts, each))["obstacles"] and not found["tie"]
    )
    line = next(e for e in parts["result.json"]["decisions"] if e["application_id"] == application)
    code = "cap" if line["reason_code"] != "cap" else "floor"
    line["reason_code"] = explained(parts, application)["reason_code"] = code


def a_tie_made_up(parts: Parts) -> None:
    application = next(each for each in awarded(parts) if not explained(parts, each)["tie"])
    explained(parts, application)["tie"] = {"key": "0" * 64, "of": 2, "position": 1}


def an_explanation_less(parts: Parts) -> None:
    parts["explanations.json"].pop()


def others_that_do_not_hang_on_it(parts: Parts) -> None:
    margin = next(e["margin"] for e in parts["explanations.json"] if e["decision"] == "awarded")
    margin["others"] = [awarded(parts)[0]]


def exact_margins(parts: Parts, decision: str) -> list[dict[str, Any]]:
    told = (each for each in parts["explanations.json"] if each["decision"] == decision)
    return [each["margin"] for each in told if each["margin"]["exact"]]


def nobody_touched(parts: Parts) -> None:
    for margin in exact_margins(parts, "declined"):
        margin["others"] = []


def others_touched(parts: Parts) -> None:
    """Those who lose their award if it gets one are other people, all of them awarded."""
    margin = next(each for each in exact_margins(parts, "declined") if each["others"])
    margin["others"] = sorted({*awarded(parts)} - {*margin["others"]})[:2]


def somebody_waiting(parts: Parts) -> None:
    margin = next(each for each in exact_margins(parts, "awarded") if each["instead"])
    margin["others"] = [next(each for each in declined(parts) if each not in margin["others"])]


def stated(parts: Parts) -> None:
    """Let the decisions say what the margins do."""
    for each in parts["explanations.json"]:
        margin, sign = each["margin"], 1 if each["decision"] == "awarded" else -1
        if margin is not None:
            none = margin["points"] is None or not margin["exact"]
            figure = None if none else sign * margin["points"]
            line_of(parts, each["application_id"])["margin"] = figure


def shorter_than_it_was(parts: Parts) -> None:
    """One was short of a point less, with every figure to match."""
    for margin in exact_margins(parts, "declined"):
        for part in (margin, *margin["packages"]):
            if part["points"] is not None and part["points"] > 2000:
                part["points"] -= 1000
    stated(parts)


def more_to_spare_than_it_had(parts: Parts) -> None:
    for margin in exact_margins(parts, "awarded"):
        if not margin["at_any_merit"]:
            for part in (margin, *margin["packages"]):
                part["points"] += 1
    stated(parts)


def kept_at_any_merit(parts: Parts) -> None:
    """No allocation is named, so that no figure follows from any."""
    for each in parts["explanations.json"]:
        if each["decision"] == "awarded":
            each["margin"] |= {"others": [], "packages": [], "instead": None}
            each["margin"] |= {"at_any_merit": True, "points": each["merit"]}
    stated(parts)


def never_whatever_its_merit(parts: Parts) -> None:
    for margin in exact_margins(parts, "declined"):
        margin |= {"points": None, "others": []}
        for part in margin["packages"]:
            part |= {"points": None, "instead": None}
    stated(parts)


def tied(parts: Parts, applications: list[str]) -> None:
    """Let these be the tied, everywhere in the record."""
    seed, held = (
        parts["lottery.json"]["seed"],
        {each["application_id"]: each["package"] for each in parts["result.json"]["awards"]},
    )
    order = sorted(applications, key=parts["lottery.json"]["order"].index)
    draws = [
        {"application_id": a, "key": draw_of(seed, a), "package": held.get(a), "position": n}
        for n, a in enumerate(order, 1)
    ]
    parts["result.json"]["draws"] = draws
    for each in parts["explanations.json"]:
        turn = next((d for d in draws if d["application_id"] == each["application_id"]), None)
        each["tie"] = turn and {"key": turn["key"], "of": len(draws), "position": turn["position"]}


def a_lottery_that_a_declined_one_lost(parts: Parts) -> None:
    draws = [each["application_id"] for each in parts["result.json"]["draws"]]
    tied(parts, [*draws, next(each for each in declined(parts) if each not in draws)])


def a_lottery_that_an_awarded_one_won(parts: Parts) -> None:
    draws = [each["application_id"] for each in parts["result.json"]["draws"]]
    tied(parts, [*draws, next(each for each in awarded(parts) if each not in draws)])


def nobody_drawn_for(parts: Parts) -> None:
    tied(parts, [])


def short_though_it_could_be_exchanged(parts: Parts) -> None:
    """A bound that an exchange at no loss, in the same record, shows to be too high."""
    swap = parts["effects.json"]["swaps"][0]
    margin = explained(parts, swap["declined"])["margin"]
    margin["points"] = 5000
    for part in margin["packages"]:
        part["points"] = 5000


def more_to_spare_than_an_exchange_leaves(parts: Parts) -> None:
    for swap in parts["effects.json"]["swaps"]:
        explained(parts, swap["awarded"])["margin"]["points"] = 5000


def a_package_that_it_does_not_accept(parts: Parts) -> None:
    for each in parts["explanations.json"]:
        if each["margin"] and each["margin"]["packages"]:
            each["margin"]["packages"][0]["package"] = "first class"


def a_factor_that_decided_nothing(parts: Parts) -> None:
    told = next(each for each in parts["explanations.json"] if not each["factors"])
    other = next(each for each in parts["explanations.json"] if each["factors"])
    told["factors"] = other["factors"]


def extra_money_where_there_is_no_line(parts: Parts) -> None:
    line = {"amount": 1, "exact": True, "line": "fund[none]"}
    explained(parts, declined(parts)[0])["extra"] = [line]


def a_factor_hidden(parts: Parts) -> None:
    """The effect is taken away, and every word of it in the explanations."""
    factor = parts["effects.json"]["factors"].pop(0)["factor"]
    for each in parts["explanations.json"]:
        each["factors"] = [one for one in each["factors"] if one["factor"] != factor]


def a_factor_said_to_take_too_long(parts: Parts) -> None:
    factor = parts["effects.json"]["factors"][0]["factor"]
    a_factor_hidden(parts)
    parts["effects.json"]["left_out"] = [factor]


def an_effect_of(parts: Parts) -> dict[str, Any]:
    return next(each for each in parts["effects.json"]["factors"] if each["brought_in"])


def somebody_less_brought_in(parts: Parts) -> None:
    application = an_effect_of(parts)["brought_in"].pop()
    explained(parts, application)["factors"] = []


def merit_said_to_be_gained(parts: Parts) -> None:
    effect = an_effect_of(parts)
    effect["merit"], effect["merit_without"] = effect["merit_without"], effect["merit"]


def money_said_to_be_saved(parts: Parts) -> None:
    an_effect_of(parts)["money_without"] += 100_000


def a_target_said_to_be_reached(parts: Parts) -> None:
    reach = an_effect_of(parts)["reached"][0]
    reach["inside"] = reach["counted"]


def no_effect_at_all(parts: Parts) -> None:
    """As if the awards were the same without the factor, which loses merit."""
    effect = an_effect_of(parts)
    gone = {*effect["brought_in"], *effect["kept_out"], *effect["repackaged"]}
    effect["awards"] = copy.deepcopy(parts["result.json"]["awards"])
    effect |= {"brought_in": [], "kept_out": [], "repackaged": []}
    effect["merit_without"], effect["money_without"] = effect["merit"], effect["money"]
    for reach in effect["reached"]:
        reach["counted_without"] = reach["counted"]
        reach["inside_without"] = reach["inside"]
    for application in gone:
        explained(parts, application)["factors"] = []


def an_exchange_made_up(parts: Parts) -> None:
    package = candidate_of(parts, declined(parts)[0])["costs"][0]["package"]
    pair = {"awarded": awarded(parts)[0], "declined": declined(parts)[0], "package": package}
    parts["effects.json"] |= {"swaps": [pair], "swaps_count": 1}


def an_exchange_of_the_tied_that_loses(parts: Parts) -> None:
    """Two that were tied, but not with each other."""
    swaps = parts["effects.json"]["swaps"]
    swaps[0]["declined"], swaps[1]["declined"] = swaps[1]["declined"], swaps[0]["declined"]


def an_exchange_hidden(parts: Parts) -> None:
    parts["effects.json"]["swaps"].pop()
    parts["effects.json"]["swaps_count"] -= 1


def exchanges_counted_wrong(parts: Parts) -> None:
    parts["effects.json"]["swaps_count"] += 1


def funnel_of(parts: Parts, attribute: str) -> dict[str, Any]:
    funnel = parts["fairness.json"]["funnel"]
    return next(each for each in funnel if each["attribute"] == attribute)


def more_women_awarded(parts: Parts) -> None:
    for group in funnel_of(parts, "gender")["groups"]:
        group["awarded"] += 1 if group["value"] == "female" else -1


def a_region_left_out(parts: Parts) -> None:
    funnel_of(parts, "region")["groups"].pop()


def a_band_in_which_all_were_awarded(parts: Parts) -> None:
    band = parts["fairness.json"]["pairs"][0]["bands"][0]
    band["part"] = band["whole"]


def no_word_about_gender(parts: Parts) -> None:
    funnel = parts["fairness.json"]["funnel"]
    funnel.remove(funnel_of(parts, "gender"))


def a_flip_made_up(parts: Parts) -> None:
    parts["fairness.json"]["flips"] = {
        "asked": [],
        "clauses": ["balance.women"],
        "flips": [
            {
                "after": "awarded",
                "after_package": "full",
                "alone": ["balance.women"],
                "application_id": awarded(parts)[0],
                "before": "declined",
                "before_package": None,
                "instead": "male",
                "stated": "female",
            }
        ],
        "status": "complete",
        "unanswered": [],
    }


def no_comparison(parts: Parts) -> None:
    parts["fairness.json"]["pairs"] = []


def men_called_everybody_else(parts: Parts) -> None:
    """The same people, but not as the method names them."""
    parts["fairness.json"]["pairs"][0]["other"]["value"] = ""


def comparisons_in_another_order(parts: Parts) -> None:
    parts["fairness.json"]["pairs"].reverse()


def bands_put_together(parts: Parts) -> None:
    """Two bands of merit become one; every count in it is right."""
    pair = next(each for each in parts["fairness.json"]["pairs"] if len(each["bands"]) > 1)
    first, second = pair["bands"][:2]
    for each in ("part", "whole", "other_part", "other_whole"):
        second[each] += first[each]
    second["low"] = None
    pair["bands"].pop(0)


def points_for_a_region_left_in(parts: Parts) -> None:
    """A band that leaves out no criterion, where one gives points for the attribute itself."""
    for pair in parts["fairness.json"]["pairs"]:
        pair["without"] = []


def a_flip_by_a_clause_that_there_is_not(parts: Parts) -> None:
    flips = parts["fairness.json"]["flips"]
    flips["flips"][0]["alone"].append("balance.region")


def a_flip_hidden(parts: Parts) -> None:
    flip = parts["fairness.json"]["flips"]["flips"].pop()
    asked = [flip["application_id"], flip["instead"]]
    parts["fairness.json"]["flips"]["unanswered"].append(asked)


def a_clause_that_looks_at_gender_left_out(parts: Parts) -> None:
    parts["fairness.json"]["flips"]["clauses"].pop()


def somebody_not_asked(parts: Parts) -> None:
    parts["fairness.json"]["flips"]["asked"].pop()


def a_stowaway(parts: Parts) -> None:
    parts["notes.txt"] = b"nothing to see here"


@dataclass(frozen=True)
class Forgery:
    """``found_by`` must not pass; those in ``FOR_THE_ALLOCATOR`` only the command can find."""

    change: Callable[[Parts], None]
    found_by: str
    sample: str = "one-meeting"


FORGERIES = (
    Forgery(merit_raised_without_effect, "merit"),
    Forgery(a_slightly_worse_allocation, "proof"),
    Forgery(a_slightly_worse_allocation, "promises"),
    Forgery(a_better_allocation_out_of_bounds, "payments"),
    Forgery(a_bigger_budget, "inputs"),
    Forgery(another_policy, "policy"),
    Forgery(a_dropped_application, "inputs"),
    Forgery(swapped_tie_draws, "proof"),
    Forgery(draws_in_another_order, "draws"),
    Forgery(a_draw_left_out, "reasons"),
    Forgery(another_seed, "inputs"),
    Forgery(another_seed, "draws"),
    Forgery(swapped_in_the_lottery, "lottery"),
    Forgery(a_truncated_proof, "proof"),
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
    Forgery(a_margin_of_the_wrong_sign, "explanations", "tiny"),
    Forgery(a_margin_that_the_decisions_do_not_state, "explanations", "tiny"),
    Forgery(nothing_in_the_way, "explanations"),
    Forgery(another_clause_in_the_way, "reasons"),
    Forgery(a_clause_that_does_not_forbid_it_alone, "explanations"),
    Forgery(another_reason_than_the_clauses_give, "explanations"),
    Forgery(a_tie_made_up, "explanations"),
    Forgery(an_explanation_less, "explanations"),
    Forgery(others_that_do_not_hang_on_it, "explanations"),
    Forgery(nobody_touched, "explanations", "tiny"),
    Forgery(others_touched, "explanations", "tiny"),
    Forgery(somebody_waiting, "explanations", "tiny"),
    Forgery(shorter_than_it_was, "explanations", "tiny"),
    Forgery(more_to_spare_than_it_had, "explanations", "tiny"),
    Forgery(kept_at_any_merit, "explanations", "tiny"),
    Forgery(never_whatever_its_merit, "explanations", "tiny"),
    Forgery(a_lottery_that_a_declined_one_lost, "explanations", "tiny"),
    Forgery(a_lottery_that_an_awarded_one_won, "explanations", "tiny"),
    Forgery(nobody_drawn_for, "explanations"),
    Forgery(short_though_it_could_be_exchanged, "explanations"),
    Forgery(more_to_spare_than_an_exchange_leaves, "explanations"),
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
    Forgery(an_exchange_of_the_tied_that_loses, "effects"),
    Forgery(an_exchange_hidden, "reasons"),
    Forgery(exchanges_counted_wrong, "effects"),
    Forgery(more_women_awarded, "fairness"),
    Forgery(a_region_left_out, "fairness"),
    Forgery(a_band_in_which_all_were_awarded, "fairness"),
    Forgery(no_word_about_gender, "fairness"),
    Forgery(a_flip_made_up, "fairness"),
    Forgery(no_comparison, "fairness"),
    Forgery(men_called_everybody_else, "fairness"),
    Forgery(comparisons_in_another_order, "fairness"),
    Forgery(bands_put_together, "fairness"),
    Forgery(points_for_a_region_left_in, "fairness"),
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
