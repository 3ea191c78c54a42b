"""What all properties share: in small rounds too, beginnings that others dominate are dropped.

Where they are few, the program follows them all the same, for that takes less time; then the small
rounds that brute force can go through would not say whether the right ones are dropped.
``test_together.py`` holds both ways to the same answers.
"""

from collections.abc import Iterator

import pytest

from allocator.optimise import beginnings


@pytest.fixture(autouse=True, scope="module")
def crowded() -> Iterator[None]:
    """Look for dominated beginnings from two on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beginnings, "CROWD", 2)
        yield
