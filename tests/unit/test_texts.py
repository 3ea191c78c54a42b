"""Texts are texts: what YAML would read as something else is refused, not turned into words."""

import re

import pytest
import yaml

from allocator.texts import Counted, _flatten, catalogue, say


@pytest.mark.parametrize(
    "written", ["on: text", "1: text", "word: yes", "word: 3", "word:", "~: x"]
)
def test_what_yaml_does_not_read_as_text_is_refused(written: str) -> None:
    with pytest.raises(TypeError, match="quotation marks"):
        _flatten("", {"area": yaml.safe_load(written)}, {})


def test_every_text_of_the_program_is_read() -> None:
    assert len(catalogue()) > 500


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0 awards"),
        (1, "1 award"),
        (2, "2 awards"),
        (12345, "12\u202f345 awards"),
        ("1", "1 award"),
        ("0.5", "0.5 awards"),
    ],
)
def test_a_number_stands_with_the_word_that_fits_it(number: object, told: str) -> None:
    assert f"{Counted(number):# award|# awards}" == told
    assert f"{Counted(number):it|them}" == ("it" if number in (1, "1") else "them")


def test_a_field_without_two_forms_is_written_as_ever() -> None:
    assert (f"{Counted(7)}", f"{Counted(7):03d}", f"{Counted('word')}") == ("7", "007", "word")
    assert "1 override," in say("ui.allocation.override.alt", count=1)
    assert "2 overrides," in say("ui.allocation.override.alt", count=2)


BARE = re.compile(
    r"\{(?:count|n|days|applications|changes|rest|files|texts|rows|awards|points|each)\} "
    r"(?!of |and )[a-z ]*?"
    r"(?:awards|applications|days|points|files|rows|rules|problems|events|overrides|people|persons"
    r"|differences|decisions|entries|checks|versions|pairs|policies|notes|lines|packages)\b"
)
"""A number before a word in the plural, without another form for one."""

NEVER_ONE = {
    *("outputs.count", "reason.points", "why.swaps", "fairness", "verify"),
    *("problem.intake-person-twice", "problem.office-fix-rows", "problem.policy-too-many-days"),
    *(
        "problem.intake-no-header",
        "problem.intake-far-cell",
        "ui.compare.table-alt",
    ),
}
"""Texts that choose the form by their key, or speak of two at least; ``verify`` stands alone."""


def test_no_text_says_1_awards() -> None:
    wrong = {
        key: text
        for key, text in catalogue().items()
        if BARE.search(text) and not key.startswith(tuple(NEVER_ONE))
    }
    assert wrong == {}
