from __future__ import annotations

from typing import Any

import pytest

from tap_glue_metadata.records.iceberg import partition_fields

SCHEMAS = [
    {"SchemaId": 0, "Fields": [{"Id": 1, "Name": "old", "Type": "long"}]},
    {
        "SchemaId": 1,
        "Fields": [
            {"Id": 1, "Name": "at", "Type": "timestamptz", "Required": True},
            {
                "Id": 2,
                "Name": "place",
                "Type": {
                    "type": "struct",
                    "fields": [
                        {"id": 3, "name": "city", "required": False, "type": "string"},
                        {"id": 4, "name": "at.x", "type": {"type": "list", "element": "int"}},
                        "no field",
                    ],
                },
            },
        ],
    },
]


def metadata(*fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "Schemas": SCHEMAS,
        "CurrentSchemaId": 1,
        "PartitionSpecs": [
            {"SpecId": 0, "Fields": [{"Name": "former"}]},
            {"SpecId": 1, "Fields": list(fields)},
        ],
        "DefaultSpecId": 1,
    }


def test_partition_fields_of_the_current_spec() -> None:
    found = partition_fields(
        metadata(
            {"SourceId": 1, "FieldId": 1000, "Name": "at_day", "Transform": "day"},
            {"SourceId": 3, "FieldId": 1001, "Name": "city_bucket", "Transform": "bucket[16]"},
            {"SourceId": 1, "FieldId": 1002, "Name": "dropped", "Transform": "void"},
            {"SourceId": 99, "FieldId": 1003, "Name": "lost", "Transform": "identity"},
        )
    )
    assert found == [
        {"name": "at_day", "transform": "day", "source": "at"},
        {"name": "city_bucket", "transform": "bucket[16]", "source": "place.city"},
        {"name": "lost", "transform": "identity", "source": None},
    ]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, None),
        ({"PartitionSpecs": []}, None),
        ({"PartitionSpecs": None, "DefaultSpecId": 0}, None),
        ({"PartitionSpecs": [{"SpecId": 0}]}, []),
        ({"PartitionSpecs": [{"SpecId": 0, "Fields": None}], "DefaultSpecId": 0}, []),
        (metadata(), []),
        (metadata() | {"DefaultSpecId": None}, None),
        (metadata() | {"DefaultSpecId": 7}, None),
        (
            {"PartitionSpecs": [{"Fields": [{"SourceId": 1, "Name": "a"}]}]},
            [{"name": "a", "transform": None, "source": None}],
        ),
    ],
)
def test_partition_fields(found: dict[str, Any], expected: list[Any] | None) -> None:
    assert partition_fields(found) == expected


def test_the_source_is_found_in_a_type_of_any_depth() -> None:
    type_: Any = "long"
    for number in range(100_000, 1, -1):
        type_ = {"type": "struct", "fields": [{"id": number, "name": "a", "type": type_}]}
    found = partition_fields(
        {
            "Schemas": [{"Fields": [{"Id": 1, "Name": "a", "Type": type_}]}],
            "PartitionSpecs": [{"Fields": [{"SourceId": 3, "Name": "p", "Transform": "identity"}]}],
        }
    )
    assert found == [{"name": "p", "transform": "identity", "source": "a.a.a"}]
