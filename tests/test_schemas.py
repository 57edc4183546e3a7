"""The committed schemas: what the generator makes of the service model, and nothing else."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import generate_schemas
import pytest
from botocore import xform_name
from glue_strategies import MODEL
from jsonschema import Draft202012Validator

from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES
from tap_glue_metadata.streams.base import EmbeddedStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer import Json

    from tap_glue_metadata.streams.base import GlueStream

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "tap_glue_metadata" / "schemas"
MEMBER = "x-aws-member"
ORIGIN = re.compile(r"Glue API: (?P<shape>\w+)\.(?P<member>\w+) \((?P<type>\w+)\)(, else [^.]+\.)?")
OWNERS = {"CatalogId": "owner_catalog_id", "DatabaseName": "owner_database_name"}

each_stream = pytest.mark.parametrize("stream_type", STREAM_TYPES, ids=lambda s: s.name)
each_reading_stream = pytest.mark.parametrize(
    "stream_type", [s for s in STREAM_TYPES if s.operations()], ids=lambda s: s.name
)


def text(stream_type: type[GlueStream]) -> str:
    return (SCHEMAS / f"{stream_type.name}.json").read_text(encoding="utf-8")


def schema(stream_type: type[GlueStream]) -> Json:
    found: Json = json.loads(text(stream_type))
    return found


def properties(schema: Json, path: str = "") -> Iterator[tuple[str, str, Json]]:
    """Yield the path, name and schema of each property, at any depth."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", name, inner
        yield from properties(inner, f"{path}.{name}")
    for keyword in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(keyword), dict):
            yield from properties(inner, f"{path}[]")


def shape_of(stream_type: type[GlueStream]) -> Any:
    if issubclass(stream_type, EmbeddedStream):
        return MODEL.shape_for(stream_type.shape)
    read = stream_type.reads()[-1]
    output: Any = MODEL.operation_model(read.operation).output_shape
    return output.members[read.items].member


@each_stream
def test_is_what_the_generator_makes_of_the_installed_model(stream_type: type[GlueStream]) -> None:
    assert text(stream_type) == generate_schemas.text_of(generate_schemas.generate(stream_type))


def test_there_are_no_others() -> None:
    names = {stream.name for stream in (*STREAM_TYPES, *EXTRA_STREAM_TYPES)}
    assert {path.stem for path in SCHEMAS.iterdir()} == names


@each_stream
def test_is_a_json_schema(stream_type: type[GlueStream]) -> None:
    Draft202012Validator.check_schema(schema(stream_type))


@each_stream
def test_keys_are_required_and_never_null_and_all_else_is_nullable(
    stream_type: type[GlueStream],
) -> None:
    found = schema(stream_type)
    assert found["type"] == "object"
    assert found["required"] == list(stream_type.primary_keys)
    for name in stream_type.primary_keys:
        assert found["properties"][name]["type"] in ("string", "integer")
    nullable = {path for path, _, inner in properties(found) if "null" in inner["type"]}
    required = {f".{name}" for name in stream_type.primary_keys}
    assert nullable == {path for path, _, _ in properties(found)} - required


@each_stream
def test_keys_come_first(stream_type: type[GlueStream]) -> None:
    place = [key for key in stream_type.primary_keys if key not in ("name", "occurrence")]
    assert list(schema(stream_type)["properties"])[: len(place)] == place
    assert place[:2] == ["account_id", "region"]


@each_stream
def test_each_property_tells_where_it_comes_from(stream_type: type[GlueStream]) -> None:
    found = schema(stream_type)
    keys = {"account_id", "region", "catalog_id", "database_name"}
    ours = {*stream_type.derived, *keys, "arn", "additional_members"}
    for path, name, inner in properties(found):
        assert inner["description"]
        member = inner.get(MEMBER)
        if member is None:
            assert re.split(r"\W+", path)[1] in ours
            continue
        assert name == xform_name(member) or path == f".{OWNERS[member]}"
        if path != ".catalog_id":  # the key of catalogs, which tells what it is in every stream
            origin = ORIGIN.fullmatch(inner["description"])
            assert origin is not None, path
            assert origin["member"] == member
            shape: Any = MODEL.shape_for(origin["shape"])
            assert shape.members[member].name == origin["type"]


@each_reading_stream
def test_each_member_of_the_shape_has_a_property_of_its_own(
    stream_type: type[GlueStream],
) -> None:
    members = set(shape_of(stream_type).members) - stream_type.omitted_members
    found = [p[MEMBER] for p in schema(stream_type)["properties"].values() if MEMBER in p]
    assert sorted(found) == sorted(members)


@each_reading_stream
def test_no_members_collapse_into_one_property(stream_type: type[GlueStream]) -> None:
    seen: set[str] = set()

    def visit(shape: Any) -> None:
        if shape.name in seen:
            return
        seen.add(shape.name)
        if shape.type_name == "structure":
            names = [xform_name(member) for member in shape.members]
            assert len(names) == len(set(names)), shape.name
            for inner in shape.members.values():
                visit(inner)
        elif shape.type_name in ("list", "map"):
            visit(shape.member if shape.type_name == "list" else shape.value)

    visit(shape_of(stream_type))


@each_stream
def test_each_derived_field_is_described(stream_type: type[GlueStream]) -> None:
    found = schema(stream_type)["properties"]
    for name, declared in stream_type.derived.items():
        assert found[name]["description"] == declared["description"]
        assert declared["description"].endswith(".")


def sentences(documentation: str) -> set[str]:
    plain = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", documentation)).split())
    return {part.strip() for part in re.split(r"(?<=[.!?])\s", plain) if part.count(" ") > 2}


@each_stream
def test_no_sentence_of_the_vendors_documentation_is_in_it(stream_type: type[GlueStream]) -> None:
    documented: set[str] = set()
    for name in MODEL.shape_names:
        shape: Any = MODEL.shape_for(name)
        documented |= sentences(shape.documentation)
        for member in getattr(shape, "members", {}).values():
            documented |= sentences(member.documentation)
    described = {inner["description"] for _, _, inner in properties(schema(stream_type))}
    assert documented
    assert not {one for one in documented for ours in described if one in ours}
