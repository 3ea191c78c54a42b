"""Proofs in VIPR 1.0 convince a checker that knows nothing of this package."""

import pytest

from allocator.errors import AllocatorError
from allocator.optimise.solve import allocate
from allocator.record.vipr import export
from bench.synthetic import synthetic
from tests.proofs import Claim, claim_of, proven
from tests.rounds import hashed, numbered
from tests.vipr import Wrong, verified


def exported(claim: Claim) -> list[str]:
    return list(export(claim.programme, claim.proof, claim.values, claim.order, claim.funds))


def test_exports_of_random_rounds_are_verified():
    count = 0
    for number in range(60):
        claim = proven(numbered(number))
        if claim is not None:
            assert verified(exported(claim)) == (claim.objective, claim.objective)
            count += 1
    assert count > 30


@pytest.mark.parametrize(("applications", "meetings"), [(60, 1), (10, 2)])
def test_exports_of_larger_rounds_are_verified(applications, meetings):
    claim = proven(synthetic(applications, meetings, seed=3))
    assert claim is not None
    assert verified(exported(claim)) == (claim.objective, claim.objective)


def test_an_unfinished_proof_is_exported_with_its_bound():
    above = 0
    for number in range(40):
        small = numbered(number)
        try:
            programme, allocation = allocate(small.pool, small.round, small.rules)
        except AllocatorError:
            continue
        claim = claim_of(small, programme, allocation, time_limit=0)
        bound = claim.check()["bound"]
        assert verified(exported(claim)) == (claim.objective, bound)
        above += bound > claim.objective
    assert above


def test_an_export_names_no_application_and_no_person():
    claim = proven(numbered(3))
    assert claim is not None
    text = "\n".join(exported(claim))
    assert not any(column["name"] in text for column in claim.programme["columns"])


def test_an_export_that_was_changed_proves_no_less():
    """Whatever one number is changed to: refused, or as strong a bound for a true solution."""
    claim = proven(numbered(3))
    assert claim is not None
    lines = exported(claim)
    first = next(n for n, line in enumerate(lines) if line.startswith("RTP"))
    refused = 0
    for turn in range(120):
        choose = hashed(turn, "vipr")
        changed = list(lines)
        n = first + choose(len(lines) - first)
        words = changed[n].split()
        places = [i for i, word in enumerate(words) if word.lstrip("-").isdigit()]
        if not places:
            continue
        i = places[choose(len(places))]
        words[i] = str(int(words[i]) + (1, -1)[choose(2)])
        changed[n] = " ".join(words)
        try:
            worth, bound = verified(changed)
        except (Wrong, IndexError, ValueError, StopIteration, ZeroDivisionError):
            refused += 1
        else:
            assert worth <= claim.objective <= bound
    assert refused > 40
