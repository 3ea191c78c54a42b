"""The proof in a record is checked, and must say of the result what the result says of itself."""

from __future__ import annotations

from fractions import Fraction

from allocator.record.check_book import Book, number
from allocator.record.check_container import Opened
from allocator.record.check_outcome import OPTIMAL, draw_of, points
from allocator.record.check_proof import ProofError, check
from allocator.record.check_report import Refused, Unchecked, demand_fields
from allocator.texts import say

PROOF = "proof.json"


def look_at_proof(record: Opened) -> str:
    """Check that no allocation is worth more, and that the lottery selects this one of equals.

    The lottery's order is taken from the seed, not from the record's list.
    """
    result, programme = record.plain("result.json"), record.plain("programme.json")
    final = result["status"] == OPTIMAL
    if PROOF not in record.members:
        raise Unchecked(say("verify.proof.none" if final else "verify.proof.not-final"))
    book = Book(record)
    seed = book.round["lottery_seed"]
    order = sorted(book.by_id, key=lambda each: (draw_of(seed, each), each))
    values = [number(each) for each in result["values"]]
    objective = number(result["objective"])
    proof = record.plain(PROOF)
    demand_fields(proof, "blocks", "bound", "drawn", "parts", "unit")
    if any({*part} - {"multipliers", "split"} for part in proof["parts"]):
        raise Refused(say("verify.proof.parts"))
    try:
        shown = check(programme, proof, values, objective, order, book.fund_order())
    except ProofError as error:
        raise Refused(say("verify.proof.wrong", reason=error)) from None
    # A bound is rounded up: nothing is worth more than what is said.
    bound = points(Fraction(-(-shown["bound"] // number(programme["scale"]))))
    if not final:
        raise Unchecked(say("verify.proof.gap", bound=bound))
    if not (shown["optimal"] and shown["drawn"]):
        raise Unchecked(say("verify.proof.partial", bound=bound))
    return say("verify.proof.figure", parts=shown["parts"])
