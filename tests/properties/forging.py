"""What a clever forger would do to the inputs, the decisions and the proof of a record."""

import copy
import hashlib
import json
from typing import Any

from allocator.record.canonical import canonical
from allocator.record.check_book import Book
from allocator.record.check_container import MANIFEST, STANDALONE, Opened, packed, unpacked
from allocator.record.check_outcome import draw_of, worth_of
from allocator.record.check_programme import Writer
from allocator.record.check_rules import awards_of
from allocator.record.record import with_manifest

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


def a_stowaway(parts: Parts) -> None:
    parts["notes.txt"] = b"nothing to see here"
