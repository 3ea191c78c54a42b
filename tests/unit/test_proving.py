"""A proof is the same wherever it is made, and what goes wrong there is heard here."""

from dataclasses import replace
from time import monotonic

import pytest

from allocator.explain import proving
from allocator.optimise.funds import fund_order
from allocator.optimise.proof import NotSelected, Proof
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Watch
from bench.synthetic import synthetic
from tests.proofs import order_of


@pytest.fixture(autouse=True)
def no_short_proofs(monkeypatch):
    """Have every proof made in another process where there may be one."""
    monkeypatch.setattr(proving, "SHORT", 0)


def decided(applications: int):
    case = synthetic(applications, 1, 3)
    programme, allocation = allocate(case.pool, case.round, case.rules)
    return programme, allocation, order_of(case), fund_order(case.pool, case.round)


@pytest.fixture(scope="module")
def given():
    return decided(60)


def made(given, processes: int, watch: Watch | None = None) -> Proof:
    with proving.proving(*given, watch or Watch(), processes) as proof:
        return proof()


def test_another_process_makes_the_same_proof(given):
    alone = made(given, 1)
    assert alone.drawn
    assert made(given, 2) == alone


def test_a_short_proof_begins_no_process(given, monkeypatch):
    monkeypatch.setattr(proving, "SHORT", 10_000)
    monkeypatch.setattr(proving, "meanwhile", None)
    assert made(given, 2) == made(given, 1)


def test_an_allocation_that_is_not_selected_is_refused_from_there():
    programme, allocation, *rest = decided(10)
    worse = replace(
        allocation, values=(0,) * len(allocation.values), objective=0, awards=(), draws=()
    )
    for processes in (1, 2):
        with pytest.raises(NotSelected):
            made((programme, worse, *rest), processes)


def test_where_the_time_is_over_no_process_is_begun(given, monkeypatch):
    monkeypatch.setattr(proving, "meanwhile", None)
    assert not made(given, 2, Watch(0.0)).drawn


def test_whoever_stops_it_gets_an_unfinished_proof_soon(given):
    asked = iter((False,))
    began = monotonic()
    proof = made(given, 2, Watch(cancel=lambda: next(asked, True)))
    assert proof.bound >= given[1].objective
    assert monotonic() - began < 30
