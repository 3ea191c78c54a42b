"""The reference of policy files is what the program reads, and its examples are read."""

import re

from allocator.fields import validate
from allocator.policy import json_schema
from allocator.policy_reference import TARGET, reference
from allocator.policy_schema import BalanceEntry, PolicyFile
from allocator.strict_yaml import read_yaml


def test_policy_reference_is_current() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), (
        "run python -m allocator.policy_reference"
    )


def test_every_key_of_a_policy_file_is_in_the_reference() -> None:
    text = reference()
    schema = json_schema()
    for form in (schema, *schema["$defs"].values()):
        for name in form.get("properties", ()):
            if name not in ("value", "values", "from"):
                assert f"`{name}`" in text or f"`kind: {name}`" in text or name == "kind", name


def test_every_field_has_a_description() -> None:
    for line in reference().splitlines():
        assert not re.fullmatch(r"\| `\w+` \|.*\|\s*\|", line), line


def test_the_three_ways_to_write_a_value_are_read() -> None:
    block = re.search(r"```yaml\n(.*?)```", reference(), flags=re.S)
    assert block
    ways = re.split(r"(?m)^(?=weight:)", block[1])[1:]
    assert len(ways) == 3
    for way in ways:
        entry = "id: w\ntitle: W\ngroup: {gender: female}\ntarget: 1/2\n" + way
        assert validate(BalanceEntry, read_yaml(entry.encode(), "x")).weight


def test_schema_lets_a_value_stand_alone_or_with_its_reference() -> None:
    weight = json_schema()["$defs"]["BalanceEntry"]["properties"]["weight"]["$ref"]
    alone, whole = json_schema()["$defs"][weight.rpartition("/")[2]]["anyOf"]
    assert alone["multipleOf"] == 0.001
    assert set(whole["properties"]) == {"value", "values", "reference", "note"}
    assert set(PolicyFile.model_fields) == set(json_schema()["properties"])
