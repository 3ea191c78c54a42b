"""What a clever forger would do to the explanations, effects and fairness of a record."""

import copy
from typing import Any

from allocator.record.check_outcome import draw_of
from tests.properties.forging import (
    Parts,
    awarded,
    candidate_of,
    declined,
    line_of,
)


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
