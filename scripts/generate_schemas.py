"""Generate the schema of every stream from botocore's service models.

Run by `make schemas`; a test holds the committed files against the installed boto3.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import botocore.session
from botocore import xform_name

from tap_glue_metadata.records import additional
from tap_glue_metadata.records.projection import MEMBER
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES
from tap_glue_metadata.streams.base import OWNERS, EmbeddedStream

if TYPE_CHECKING:
    from botocore.model import ServiceModel, Shape

    from tap_glue_metadata.engine.read import Read
    from tap_glue_metadata.streams.base import GlueStream

SCHEMAS: Final = Path(__file__).parent.parent / "tap_glue_metadata" / "schemas"
SESSION: Final = botocore.session.get_session()
APIS: Final = {
    "glue": "Glue API",
    "lakeformation": "Lake Formation API",
    "resourcegroupstaggingapi": "Resource Groups Tagging API",
}

TYPES: Final = {
    "blob": "string",  # in base64
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
    "table_name": "Table by which the object was reached.",
}
_OF_PARENT: Final = "Name by which the object, or what it belongs to, was listed."
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
        names, the derived fields, and one for unknown members. Key fields are required and not
        nullable.
    """
    keys = stream_type.primary_keys
    members = _members(stream_type)
    properties: dict[str, dict[str, Any]] = {
        name: {"type": "string", "description": KEYS.get(name, _OF_PARENT)}
        for name in ("account_id", "region", *_bound_fields(stream_type))
        if name in keys and name not in members
    }
    properties |= {name: {} for name in keys if name in members and not stream_type.shape}
    if issubclass(stream_type, EmbeddedStream):  # the object that holds the row goes before it
        properties |= {name: {} for name in stream_type.derived if name in keys}
    properties |= members
    if stream_type.arn_kind is not None:
        properties["arn"] = dict(ARN)
    properties |= {
        name: {**properties.get(name, {}), **field} for name, field in stream_type.derived.items()
    }
    if members:
        properties[additional.FIELD] = dict(additional.SCHEMA)
    for name in keys:
        kind = properties[name]["type"]
        properties[name]["type"] = kind if isinstance(kind, str) else kind[0]
    return {"type": "object", "properties": properties, "required": list(keys)}


def _bound_fields(stream_type: type[GlueStream]) -> list[str]:
    return [xform_name(member) for read in stream_type.reads() for member in read.bind]


def _members(stream_type: type[GlueStream]) -> dict[str, dict[str, Any]]:
    reads = stream_type.reads()
    if not reads or stream_type.shape == "":
        return {}
    bound = () if issubclass(stream_type, EmbeddedStream) else reads[-1].bound
    owners = {member: field for member, field in OWNERS.items() if member in bound}
    members = {
        owners.get(member, xform_name(member)): _member(owner, member, shape, member, stream_type)
        for owner in _shapes(stream_type)
        for member, shape in owner.members.items()
        # What is bound otherwise is a key already.
        if member not in stream_type.omitted_members and (member in owners or member not in bound)
    }
    if union := reads[-1].union:
        told = "Kind: the member of AWS's union that is set."
        kind = {"type": ["string", "null"], "description": told, MEMBER: union}
        return {xform_name(union): kind, **members}
    return members


def text_of(schema: dict[str, Any]) -> str:
    """Write a schema the way it is committed.

    Args:
        schema: What `generate` gave.

    Returns:
        The file's text.
    """
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _model(read: Read) -> ServiceModel:
    return SESSION.get_service_model(read.service)


def _shapes(stream_type: type[GlueStream]) -> list[Any]:
    """Return the shape of a record; of a union, those of its members."""
    read = stream_type.reads()[-1]
    if stream_type.shape:
        return [_model(read).shape_for(stream_type.shape)]
    shape: Any = _model(read).operation_model(read.operation).output_shape
    for member in read.items.split(".") if read.items != "@" else ():
        shape = shape.members[member]
    shape = getattr(shape, "member", shape)
    return list(shape.members.values()) if read.union else [shape]


def _member(
    owner: Shape, member: str, shape: Shape, path: str, stream_type: type[GlueStream]
) -> dict[str, Any]:
    return {
        **_schema(shape, path, stream_type),
        "description": (
            f"{APIS[stream_type.reads()[-1].service]}: {owner.name}.{member} ({shape.name})"
        ),
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
    for stream_type in (*STREAM_TYPES, *EXTRA_STREAM_TYPES):
        (SCHEMAS / f"{stream_type.name}.json").write_text(
            text_of(generate(stream_type)), encoding="utf-8"
        )
        print(f"{stream_type.name}: {SCHEMAS / stream_type.name}.json")


if __name__ == "__main__":
    main()
