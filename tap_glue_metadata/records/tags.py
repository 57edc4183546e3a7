"""Tags of resources: AWS's own, and those of Lake Formation; a record for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_glue_metadata.redaction import Redactor

    Json = dict[str, Any]

_TEXT: Final = {"type": "string"}
# Part of a key. Not an empty text, which some targets store as null, and no key may be null.
_NONE: Final = "*"

RESOURCE_TAG: Final[dict[str, dict[str, Any]]] = {
    "resource_arn": {**_TEXT, "description": "Amazon Resource Name of what is tagged."},
    "tag_key": {**_TEXT, "description": "Key of the tag."},
    "tag_value": {"type": ["string", "null"], "description": "Value of the tag."},
}
"""JSON Schema of each field of a resource's tag."""

LF_TAG: Final[dict[str, dict[str, Any]]] = {
    "resource_type": {**_TEXT, "description": "DATABASE, TABLE or COLUMN."},
    "table_name": {**_TEXT, "description": "Table; `*` for a tag of a database."},
    "column_name": {**_TEXT, "description": "Column; `*` for a tag of a database or table."},
    "tag_catalog_id": {**_TEXT, "description": "Catalog that the tag belongs to."},
    "tag_key": {**_TEXT, "description": "Key of the tag."},
    "tag_values": {
        "type": ["array", "null"],
        "items": {"type": ["string", "null"]},
        "description": "Values of the tag.",
    },
    "is_inherited": {
        "type": ["boolean", "null"],
        "description": "Whether the tag comes from the database or table above, and is not "
        "assigned to the resource itself; null if that could not be read.",
    },
}
"""JSON Schema of each field of a Lake Formation tag, those of its database apart."""

ASSIGNED: Final = "Assigned"
"""Where `with_assigned` puts the tags that are assigned to a resource itself."""


def resource_tags(
    mapping: Mapping[str, Any], keys: Mapping[str, Any], redactor: Redactor
) -> Iterator[Json]:
    """Yield the record of each tag of a resource.

    Args:
        mapping: `ResourceTagMapping` of the Resource Groups Tagging API; or Glue's own answer of
            GetTags, for a resource that is among the keys.
        keys: What each record begins with.
        redactor: Takes the value out of a tag whose key names a secret.
    """
    tags = mapping.get("Tags") or {}
    pairs = tags.items() if isinstance(tags, dict) else ((t["Key"], t.get("Value")) for t in tags)
    for key, value in pairs:
        yield {
            **keys,
            "resource_arn": mapping.get("ResourceARN") or keys["resource_arn"],
            "tag_key": key,
            "tag_value": redactor.value(key, value),
        }


def with_assigned(effective: Mapping[str, Any], assigned: Mapping[str, Any]) -> Json:
    """Put the tags that are in force and those that are assigned into one object.

    Args:
        effective: The answer of GetResourceLFTags.
        assigned: Its answer with `ShowAssignedLFTags`.
    """
    return {**effective, ASSIGNED: assigned}


def lf_tags(tags: Mapping[str, Any], keys: Mapping[str, Any]) -> Iterator[Json]:
    """Yield the record of each Lake Formation tag of a database, or of a table and its columns.

    Args:
        tags: What `with_assigned` gives; or an answer of GetResourceLFTags alone.
        keys: What each record begins with: the keys of the database or table.
    """
    assigned = dict(_pairs(tags[ASSIGNED], keys)) if ASSIGNED in tags else None
    for place, values in _pairs(tags, keys):
        kind, table, column, catalog_id, key = place
        yield {
            **keys,
            "resource_type": kind,
            "table_name": table,
            "column_name": column,
            "tag_catalog_id": catalog_id,
            "tag_key": key,
            "tag_values": values,
            "is_inherited": None if assigned is None else assigned.get(place) != values,
        }


def _pairs(
    tags: Mapping[str, Any], keys: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield where each tag is and its key, with its values."""
    table = keys.get("table_name")
    # An answer for a table has the tags of its database too, whose records come from its own.
    lists = [("TABLE", _NONE, tags.get("LFTagsOnTable"))] if table else []
    if not table:
        lists = [("DATABASE", _NONE, tags.get("LFTagOnDatabase"))]
    columns = (tags.get("LFTagsOnColumns") or ()) if table else ()
    lists += [("COLUMN", column.get("Name") or "", column.get("LFTags")) for column in columns]
    for kind, column, pairs in lists:
        for pair in pairs or ():
            catalog_id = pair.get("CatalogId") or keys["catalog_id"]
            yield (
                (kind, table or _NONE, column, catalog_id, pair["TagKey"]),
                pair.get("TagValues") or [],
            )
