"""Every decision of a random round is proven, and no false claim is ever accepted."""

import json
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import allocator
from allocator.intake.assess import assess
from allocator.intake.folder import load_round
from allocator.optimise.proof import NotSelected
from allocator.optimise.solve import allocate
from allocator.record.canonical import canonical
from allocator.record.check_proof import ProofError
from bench.synthetic import synthetic
from tests.builders import Small
from tests.proofs import MOST_AWARDS, Claim, claim_of, counterexample, proven, reseeded
from tests.rounds import hashed, numbered

CHUNK = 50
SAMPLES = Path(allocator.__file__).parent / "samples"


@pytest.mark.parametrize("chunk", range(6))
def test_decisions_of_random_rounds_are_proven(chunk):
    for number in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        claim = proven(numbered(number))
        if claim is None:
            continue
        shown = claim.check()
        assert (shown["bound"], shown["optimal"], shown["drawn"]) == (claim.objective, True, True)
        assert counterexample(claim, shown) is None


def test_a_proof_stopped_at_once_still_bounds_every_solution():
    for number in range(60):
        small = numbered(number)
        claim = proven(small)
        if claim is None:
            continue
        programme, allocation = allocate(small.pool, small.round, small.rules)
        stopped = claim_of(small, programme, allocation, time_limit=0)
        shown = stopped.check()
        assert shown["bound"] >= claim.objective
        assert counterexample(stopped, shown) is None


def test_a_proof_that_somebody_stops_goes_no_further():
    small = numbered(507)
    programme, allocation = allocate(small.pool, small.round, small.rules)
    whole = claim_of(small, programme, allocation)
    asked = iter([False, True])
    stopped = claim_of(small, programme, allocation, cancel=lambda: next(asked, True))
    assert len(stopped.proof["parts"]) < len(whole.proof["parts"])
    assert not stopped.check()["drawn"]


def test_an_allocation_worth_less_than_nothing_is_proven():
    """Floors can force awards whose balance costs more than they are worth."""
    claim = proven(numbered(507))
    assert claim is not None
    assert claim.objective < 0
    assert claim.check()["drawn"]


def test_the_loser_of_the_lottery_has_no_proof():
    """The allocation that another seed selects is refused, with either proof and either order."""
    differing = 0
    for number in range(150):
        small, other = numbered(number), reseeded(numbered(number), "another seed")
        one, two = proven(small), proven(other)
        if one is None or two is None or one.values == two.values:
            continue
        differing += 1
        programme, loser = allocate(other.pool, other.round, other.rules)
        with pytest.raises(NotSelected):
            claim_of(small, programme, loser)
        for proof in (one.proof, two.proof):
            forged = Claim(one.programme, proof, two.values, two.objective, one.order, one.funds)
            with pytest.raises(ProofError):
                forged.check()
    assert differing >= 10


@pytest.mark.parametrize(("applications", "meetings"), [(60, 1), (500, 1), (30, 2)])
def test_larger_rounds_have_short_proofs(applications, meetings):
    claim = proven(synthetic(applications, meetings, seed=2))
    assert claim is not None
    shown = claim.check()
    assert (shown["optimal"], shown["drawn"]) == (1, 1)
    assert len(zlib.compress(canonical(claim.proof))) < 200_000


@pytest.mark.soak
def test_the_sample_year_is_proven():
    loaded = load_round(SAMPLES / "year")
    pool = assess(loaded).pool
    claim = proven(Small(pool, loaded.round, loaded.rules))
    assert claim is not None
    assert claim.check()["drawn"]


def _numbers(choose: Callable[[int], int], value: int) -> Any:
    others = (value + 1, value - 1, -value, 2 * value, 0, 1, value + 2**24, str(value), True)
    return (*others, float(value), None, 10**30, [value])[choose(13)]


def _lists(choose: Callable[[int], int], value: list[Any]) -> Any:
    changed = list(value)
    if not changed:
        return [{}]
    i, k = choose(len(changed)), choose(len(changed))
    match choose(4):
        case 0:
            del changed[i]
        case 1:
            changed.insert(i, changed[k])
        case 2:
            changed[i], changed[k] = changed[k], changed[i]
        case 3:
            del changed[i:]
    return changed


def _changed(choose: Callable[[int], int], value: Any) -> Any:
    """Return a JSON value with one thing in it changed, at any depth."""
    if isinstance(value, list):
        if not value or choose(4) == 0:
            return _lists(choose, value)
        i = choose(len(value))
        return [*value[:i], _changed(choose, value[i]), *value[i + 1 :]]
    if isinstance(value, dict):
        keys = sorted(value)
        if not keys or choose(12) == 0:
            return {key: value[key] for key in keys[1:]}
        key = keys[choose(len(keys))]
        return {**value, key: _changed(choose, value[key])}
    if isinstance(value, bool) or value is None:
        return (True, False, None, 1, "")[choose(5)]
    if isinstance(value, int):
        return _numbers(choose, value)
    return ("<=", ">=", "", "full", "ticket", "A10", 0, "7")[choose(8)]


MEMBERS = ("proof", "proof", "programme", "programme", "values", "objective", "order", "funds")


def _verdict(claim: Claim) -> str:
    """Check a changed claim: refused in the one way there is, or accepted and true."""
    try:
        shown = claim.check()
    except ProofError:
        return "refused"
    assert counterexample(claim, shown) is None
    return "accepted"


def _small_claims() -> list[Claim]:
    """Return proofs with several parts, of rounds small enough to try everything."""
    claims = (proven(numbered(number)) for number in range(90))
    return [
        claim
        for claim in claims
        if claim is not None
        and len(claim.proof["parts"]) > 2
        and sum(bool(c["application"]) for c in claim.programme["columns"]) <= MOST_AWARDS - 2
    ]


@pytest.fixture(scope="module")
def claims() -> list[Claim]:
    return _small_claims()


def _change(claim: Claim, choose: Callable[[int], int]) -> Claim:
    changed = claim.copy()
    for _ in range(1 + choose(2)):
        member = MEMBERS[choose(len(MEMBERS))]
        setattr(changed, member, _changed(choose, getattr(changed, member)))
    return changed


def _hold_changed(claims: list[Claim], turns: range) -> None:
    verdicts: Counter[str] = Counter()
    for turn in turns:
        choose = hashed(turn, "changed claim")
        verdicts[_verdict(_change(claims[choose(len(claims))], choose))] += 1
    assert verdicts["refused"] > len(turns) // 3
    assert verdicts["accepted"] > len(turns) // 20


def test_changed_claims_are_refused_or_true(claims):
    _hold_changed(claims, range(1_500))


@pytest.mark.soak
@pytest.mark.parametrize("chunk", range(1, 20))
def test_many_changed_claims_are_refused_or_true(claims, chunk):
    _hold_changed(claims, range(1_500 * chunk, 1_500 * (chunk + 1)))


@settings(
    max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(data=st.data())
def test_changed_bytes_are_refused_or_true(claims, data):
    claim = claims[data.draw(st.integers(0, len(claims) - 1))]
    content = bytearray(canonical(claim.proof))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(32, 126))
    try:
        proof = json.loads(content)
    except ValueError:
        return
    changed = claim.copy()
    changed.proof = proof
    _verdict(changed)
