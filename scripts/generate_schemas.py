"""Generate the schema of every stream from botocore's service model of Glue.

Run by `make schemas`; a test holds the committed files against the installed boto3.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import botocore.session
from botocore import xform_name

from tap_glue_metadata.records.projection import MEMBER
from tap_glue_metadata.streams import STREAM_TYPES
from tap_glue_metadata.streams.base import EmbeddedStream
from tap_glue_metadata.walk import Level

if TYPE_CHECKING:
    from botocore.model import Shape, StructureShape

    from tap_glue_metadata.streams.base import GlueStream

SCHEMAS: Final = Path(__file__).parent.parent / "tap_glue_metadata" / "schemas"
MODEL: Final = botocore.session.get_session().get_service_model("glue")

TYPES: Final = {
    "boolean": "boolean",
    "double": "number",
    "float": "number",
    "integer": "integer",
    "list": "array",
    "long": "integer",
    "map": "object",
    "string": "string",
    "structure": "object",
    "timestamp": "string",
}
ANY_JSON: Final = {"type": ["array", "boolean", "number", "object", "string", "null"]}
KEYS: Final = {
    "account_id": "Account whose credentials read the object.",
    "region": "Region that the object was read in.",
    "catalog_id": "Catalog by which the object was reached.",
    "database_name": "Database by which the object was reached.",
}
# The members that say, on an object reached through a resource link, whose it is.
OWNERS: Final = {
    Level.SCOPE: {},
    Level.CATALOG: {"CatalogId": "owner_catalog_id"},
    Level.DATABASE: {"CatalogId": "owner_catalog_id", "DatabaseName": "owner_database_name"},
}
ARN: Final = {
    "type": ["string", "null"],
    "description": "Amazon Resource Name, in the account that owns the object.",
}


def generate(stream_type: type[GlueStream]) -> dict[str, Any]:
    """Generate the schema of a stream from its declaration.

    Args:
        stream_type: The stream's class.

    Returns:
        A JSON Schema: the keys of the place, the members of AWS's shape under their snake_case
        names, and the derived fields. Key fields are required and not nullable.
    """
    keys = stream_type.primary_keys
    properties: dict[str, dict[str, Any]] = {
        name: {"type": "string", "description": description}
        for name, description in KEYS.items()
        if name in keys
    }
    if issubclass(stream_type, EmbeddedStream):  # the object that holds the row goes before it
        properties |= {name: {} for name in stream_type.derived if name in keys}
    if stream_type.operations():
        properties |= _members(stream_type)
    if stream_type.arn_kind is not None:
        properties["arn"] = dict(ARN)
    properties |= {
        name: {**properties.get(name, {}), **field} for name, field in stream_type.derived.items()
    }
    for name in keys:
        kind = properties[name]["type"]
        properties[name]["type"] = kind if isinstance(kind, str) else kind[0]
    return {"type": "object", "properties": properties, "required": list(keys)}


def _members(stream_type: type[GlueStream]) -> dict[str, dict[str, Any]]:
    names = OWNERS[stream_type.level]
    owner = _shape(stream_type)
    return {
        names.get(member, xform_name(member)): _member(owner, member, shape, member, stream_type)
        for member, shape in owner.members.items()
        if member not in stream_type.omitted_members
    }


def text_of(schema: dict[str, Any]) -> str:
    """Write a schema the way it is committed.

    Args:
        schema: What `generate` gave.

    Returns:
        The file's text.
    """
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _shape(stream_type: type[GlueStream]) -> StructureShape:
    if issubclass(stream_type, EmbeddedStream):
        return cast("StructureShape", MODEL.shape_for(stream_type.shape))
    source = stream_type.source
    output: Any = MODEL.operation_model(source.operation).output_shape
    return cast("StructureShape", output.members[source.items].member)


def _member(
    owner: Shape, member: str, shape: Shape, path: str, stream_type: type[GlueStream]
) -> dict[str, Any]:
    return {
        **_schema(shape, path, stream_type),
        "description": f"Glue API: {owner.name}.{member} ({shape.name})",
        MEMBER: member,
    }


def _schema(shape: Any, path: str, stream_type: type[GlueStream]) -> dict[str, Any]:  # noqa: ANN401 - any subclass of Shape
    if path in stream_type.open_members:
        return {"type": ["object", "null"], "additionalProperties": True}
    if getattr(shape, "is_document_type", False):
        return dict(ANY_JSON)
    inner: dict[str, Any] = {}
    if shape.type_name == "structure":
        inner["properties"] = {
            xform_name(member): _member(shape, member, part, f"{path}.{member}", stream_type)
            for member, part in shape.members.items()
            if f"{path}.{member}" not in stream_type.omitted_members
        }
    elif shape.type_name == "list":
        inner["items"] = _schema(shape.member, path, stream_type)
    elif shape.type_name == "map":
        inner["additionalProperties"] = _schema(shape.value, path, stream_type)
    elif shape.type_name == "timestamp":
        inner["format"] = "date-time"
    return {"type": [TYPES[shape.type_name], "null"], **inner}


def main() -> None:
    """Write the schema of every stream."""
    SCHEMAS.mkdir(exist_ok=True)
    for stream_type in STREAM_TYPES:
        (SCHEMAS / f"{stream_type.name}.json").write_text(
            text_of(generate(stream_type)), encoding="utf-8"
        )
        print(f"{stream_type.name}: {SCHEMAS / stream_type.name}.json")


if __name__ == "__main__":
    main()
