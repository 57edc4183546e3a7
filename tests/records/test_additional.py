from __future__ import annotations

from typing import Any

import pytest

from tap_glue_metadata.records.additional import compile_additional
from tap_glue_metadata.records.projection import MEMBER


def aws(member: str, **schema: Any) -> dict[str, Any]:
    return {MEMBER: member, **schema}


LEAF = {"properties": {"name": aws("Name")}}
NODE = {"properties": {"name": aws("Name"), "leaf": aws("Leaf", **LEAF)}}
SCHEMA = {
    "properties": {
        "key": {},
        "one": aws("One", **NODE),
        "leaves": aws("Leaves", items=LEAF),
        "nodes": aws("Nodes", items=NODE),
        "by_key": aws("ByKey", additionalProperties=LEAF),
        "open": aws("Open", additionalProperties=True),
    }
}
find = compile_additional(SCHEMA, {"Skipped", "One.Leaf.Skipped", "Nodes.Skipped"})


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({}, {}),
        ({"One": {"Name": "a", "Leaf": {"Name": "b"}}, "Leaves": [{"Name": "c"}, None]}, {}),
        ({"One": None, "Leaves": [], "Nodes": [None], "ByKey": {"k": None}}, {}),
        ({"Skipped": 1, "One": {"Leaf": {"Skipped": 2}}, "Nodes": [{"Skipped": 3}]}, {}),
        ({"Open": {"X": 1}}, {}),
        ({"X": [1], "Y": None}, {"X": [1], "Y": None}),
        ({"One": {"X": 1, "Leaf": {"Y": 2}}}, {"One.X": 1, "One.Leaf.Y": 2}),
        ({"Leaves": [{}, {"X": 1}, None, {"X": 2}]}, {"Leaves[1].X": 1, "Leaves[3].X": 2}),
        ({"Nodes": [{"Leaf": {"X": 1}}]}, {"Nodes[0].Leaf.X": 1}),
        ({"ByKey": {"k": {"X": 1}}}, {"ByKey.k.X": 1}),
        ({"One": {"Skipped": 1}}, {"One.Skipped": 1}),
        ({"One": "text", "Leaves": ["text"]}, {}),
    ],
)
def test_what_is_unknown_is_found_by_its_path(raw: Any, found: dict[str, Any]) -> None:
    assert find(raw) == found
