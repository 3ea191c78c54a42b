"""Small policy files for tests, and how they are read."""

from datetime import date

from allocator.model import Severity
from allocator.policy import Policy, check_policy, shipped_policies

SHIPPED = [name for name, _ in shipped_policies()]
DAY = date(2025, 2, 3)

SMALL = """\
policy: {id: small, title: Small, version: "1"}
references:
  R: {title: A source}
region_scheme: {value: itu-bdt, reference: R}
merit:
  award: {value: 40, reference: R}
coverage: {full: 1, ticket: 1/2, dsa: 1/2, reference: R}
not_known:
  accepts_partial: {value: no, reference: R}
"""

DATED = (
    SMALL
    + """\
balance:
  - id: women
    title: Women
    group: {gender: female}
    reference: R
    target:
      values:
        - {from: 2026-01-01, value: 1/2}
        - {from: 2024-01-01, value: 35 %}
    weight: 10
    applies: {values: [{from: 2000-01-01, value: yes}, {from: 2030-01-01, value: no}]}
"""
)

WOMEN = "id: w, title: W, reference: R, group: {gender: female}"
OTHERS = WOMEN.replace("w,", "v,", 1)


def policy(text: str) -> Policy:
    found, problems = check_policy(text.encode(), "policy.yaml")
    assert found is not None and not [p for p in problems if p.severity is Severity.ERROR], problems
    return found
