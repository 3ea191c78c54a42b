"""Texts are texts: what YAML would read as something else is refused, not turned into words."""

import pytest
import yaml

from allocator.texts import _flatten, catalogue


@pytest.mark.parametrize(
    "written", ["on: text", "1: text", "word: yes", "word: 3", "word:", "~: x"]
)
def test_what_yaml_does_not_read_as_text_is_refused(written: str) -> None:
    with pytest.raises(TypeError, match="quotation marks"):
        _flatten("", {"area": yaml.safe_load(written)}, {})


def test_every_text_of_the_program_is_read() -> None:
    assert len(catalogue()) > 500
