"""Answers that Glue's service model allows, as JSON the way it comes over the wire."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import botocore.session
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.model import ServiceModel

Draw: TypeAlias = "Callable[[st.SearchStrategy[Any]], Any]"

MODEL: Final[ServiceModel] = botocore.session.get_session().get_service_model("glue")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)

_MOST_RECURSIONS: Final = 3
_WIDE: Final = 40  # members; of a shape with more, a few are drawn
_FEW: Final = 3
_EVEN_BITS: Final = 16  # Hypothesis draws from larger ranges mostly what is small
_MICROSECONDS_UNTIL_2100: Final = 4_102_444_800 * 10**6
_INT64: Final = 2**63

# Lone surrogates, which JSON can spell and UTF-8 cannot, and U+0000 are replaced: see
# test_raw_json.py.
CHARACTERS: Final = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS: Final = st.text(CHARACTERS, max_size=8) | st.sampled_from(
    [
        ("", 1),
        (" ", 1),
        ("null", 1),
        ("\x01\x1f\x7f\x85", 1),
        ('"\\/\b\f\n\r\t', 1),
        ("\u2028\u2029\ufeff\ufffe\uffff", 1),
        ("\U0001f600\U0010ffff", 1),
        ("e\u0301\u200d\u202e", 1),
        ("\U0001f9ca", 20_000),
    ]
).map(lambda text: text[0] * text[1])
KEYS: Final = TEXTS | st.sampled_from(["$ref", "a.b", "__proto__", "properties", "CamelCase"])
NAMES: Final = st.text(CHARACTERS, min_size=1, max_size=8)

INSTANTS: Final = st.integers(0, _MICROSECONDS_UNTIL_2100)
_SPELLINGS: Final[list[Callable[[datetime], str]]] = [
    lambda moment: moment.isoformat(),
    lambda moment: moment.isoformat().replace("+00:00", "Z"),
    lambda moment: moment.replace(tzinfo=None).isoformat(),
    lambda moment: moment.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds"),
    lambda moment: moment.astimezone(timezone(timedelta(hours=5, minutes=45))).isoformat(),
    lambda moment: moment.astimezone(timezone(-timedelta(hours=9))).isoformat(),
]
ISO: Final = st.builds(
    lambda microseconds, spell: spell(EPOCH + timedelta(microseconds=microseconds)),
    INSTANTS,
    st.sampled_from(_SPELLINGS),
)
TIMESTAMPS: Final = st.one_of(
    INSTANTS.map(lambda microseconds: microseconds // 10**6),
    INSTANTS.map(lambda microseconds: microseconds // 10**3 / 10**3),
    INSTANTS.map(lambda microseconds: microseconds / 10**6),
    ISO,
)

SCALARS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "boolean": st.booleans(),
    "double": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9),
    "float": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "integer": st.integers(-(2**31), 2**31 - 1) | st.sampled_from([-(2**31), 2**31 - 1]),
    "long": st.integers(-_INT64, _INT64 - 1) | st.sampled_from([-_INT64, _INT64 - 1]),
    "string": TEXTS,
    "timestamp": TIMESTAMPS,
}
DOCUMENTS: Final = st.recursive(
    st.none() | SCALARS["boolean"] | SCALARS["long"] | SCALARS["double"] | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)

_SPARK: Final = "spark.sql.sources.schema"
_SPARK_TEXT: Final = json.dumps(
    {
        "type": "struct",
        "fields": [
            {"name": "Id", "type": "long", "nullable": False, "metadata": {"comment": "c", "n": 1}},
            {"name": "day", "type": {"type": "array", "elementType": "date"}, "metadata": {}},
        ],
    }
)
_SPARK_NAMES: Final = {f"{_SPARK}.numPartCols": "1", f"{_SPARK}.partCol.0": "DAY"}
SPARK_PARAMETERS: Final = st.sampled_from(
    [
        {_SPARK: _SPARK_TEXT, **_SPARK_NAMES},
        {
            f"{_SPARK}.numParts": "2",
            f"{_SPARK}.part.0": _SPARK_TEXT[:40],
            f"{_SPARK}.part.1": _SPARK_TEXT[40:],
            **_SPARK_NAMES,
        },
        {f"{_SPARK}.numParts": "2", f"{_SPARK}.part.0": _SPARK_TEXT},
        {f"{_SPARK}.numParts": "-1"},
        {f"{_SPARK}.numParts": "many"},
        {_SPARK: _SPARK_TEXT[:-1]},
        {_SPARK: "[" * 10_000},
        {_SPARK: '{"fields": [{"name": "a"}]}'},
        {_SPARK: '{"fields": [{"name": "a", "type": 1, "metadata": {"comment": [1]}}]}'},
        {_SPARK: '{"fields": [{"name": "a", "type": "int", "metadata": {"comment": [1e9]}}]}'},
        {_SPARK: None},
    ]
)
_FORMAT_PARAMETERS: Final = st.sampled_from(
    [
        {"table_type": "ICEBERG", "metadata_location": "s3://bucket/metadata.json"},
        {"table_type": "DELTA", "spark.sql.sources.provider": "delta"},
        {"classification": "parquet", "recordCount": "12.0", "sizeKey": "-1", "objectCount": ""},
        {"hudi.metadata-listing-enabled": "true", "numRows": "9" * 30},
        {"presto_view": "true", "comment": "Presto View"},
    ]
)
_COLUMN_PARAMETERS: Final = st.sampled_from(
    [
        {"iceberg.field.id": "7", "iceberg.field.current": "false"},
        {"iceberg.field.id": "x", "iceberg.field.current": "FALSE", "iceberg.field.optional": ""},
        {"iceberg.field.id": None, "iceberg.field.current": None},
    ]
)
_ICEBERG_TYPES: Final = st.sampled_from(
    ["long", "decimal(9, 2)", "fixed[16]", {"type": "list", "element": "uuid"}]
) | st.just({"type": "struct", "fields": [{"name": "a", "type": "timestamptz"}]})
PRESTO_VIEWS: Final = st.builds(
    lambda text, tail: f"/* Presto View: {base64.b64encode(text.encode()).decode()} */{tail}",
    st.sampled_from(['{"originalSql": "SELECT 1"}', '{"originalSql": null}', "{", "\xff", ""]),
    st.sampled_from(["", "\n", "SELECT 2"]),
)
# What there is more to than the model says, by shape and member.
_SPECIAL: Final[dict[str, st.SearchStrategy[Any]]] = {
    "Table.Parameters": SPARK_PARAMETERS | _FORMAT_PARAMETERS,
    "Table.ViewOriginalText": PRESTO_VIEWS,
    "Table.TableType": st.sampled_from(["EXTERNAL_TABLE", "VIRTUAL_VIEW", "GOVERNED"]),
    "StorageDescriptor.Columns": st.just([{"Name": "col", "Type": "array<string>"}]),
    "StorageDescriptor.Location": st.just("s3://bucket/table-__PLACEHOLDER__"),
    "StorageDescriptor.Parameters": _FORMAT_PARAMETERS,
    "Column.Parameters": _COLUMN_PARAMETERS,
    "Column.Name": st.sampled_from(["id", "Id", "day"]),
    "IcebergStructField.Type": _ICEBERG_TYPES,
}


@st.composite
def responses(
    draw: Draw, shape: Any, keys: Mapping[str, st.SearchStrategy[Any]] | None = None
) -> Any:
    """Draw JSON that the service model allows for a shape, special cases among it.

    Any member may be missing or null, but for those of `keys`: they are drawn from there.
    """
    value = _value(draw, shape, ())
    for name, strategy in (keys or {}).items():
        value[name] = draw(strategy)
    return value


def _value(draw: Draw, shape: Any, above: tuple[str, ...]) -> Any:
    if getattr(shape, "is_document_type", False):
        return draw(DOCUMENTS)
    kind = shape.type_name
    if kind in SCALARS:
        return draw(
            st.sampled_from(shape.enum) | TEXTS if shape.metadata.get("enum") else SCALARS[kind]
        )
    if above.count(shape.name) == _MOST_RECURSIONS:
        return [] if kind == "list" else {}
    above = (*above, shape.name)
    if kind == "list":
        return [_value(draw, shape.member, above) for _ in range(draw(st.integers(0, 2)))]
    if kind == "map":
        names = draw(st.lists(KEYS, max_size=2, unique=True))
        return {name: _nullable(draw, shape.value, above) for name in names}
    return {name: _member(draw, shape, name, above) for name in _names(draw, list(shape.members))}


def _names(draw: Draw, names: list[str]) -> list[str]:
    if not names:
        return []
    if len(names) > _WIDE:
        few: list[str] = draw(st.lists(st.sampled_from(names), max_size=_FEW, unique=True))
        return few
    found: list[str] = []
    for start in range(0, len(names), _EVEN_BITS):
        part = names[start : start + _EVEN_BITS]
        chosen = draw(st.integers(0, 2 ** len(part) - 1))
        found += [name for bit, name in enumerate(part) if chosen >> bit & 1]
    return found


def _member(draw: Draw, shape: Any, name: str, above: tuple[str, ...]) -> Any:
    special = _SPECIAL.get(f"{shape.name}.{name}")
    if special is not None and draw(st.booleans()):
        return draw(special)
    return _nullable(draw, shape.members[name], above)


def _nullable(draw: Draw, shape: Any, above: tuple[str, ...]) -> Any:
    return None if draw(st.integers(0, 9)) == 9 else _value(draw, shape, above)


def everything(shape: Any, path: str = "", above: tuple[str, ...] = ()) -> Any:
    """Return JSON with every member of a shape set, each scalar to a value of its own.

    A shape that recurs is cut where it appears for the third time.
    """
    number = int.from_bytes(path.encode()[-3:], "big") + len(path)
    if getattr(shape, "is_document_type", False):
        return {"document": [path, number, None]}
    kind = shape.type_name
    scalars = {
        "blob": base64.b64encode(path.encode()).decode(),
        "boolean": True,
        "double": number / 8,
        "float": number / 8,
        "integer": number,
        "long": number + 2**53,
        "string": f"a text for {path}",
        "timestamp": zlib.crc32(path.encode()) % 10**9 + 0.125,
    }
    if kind in scalars:
        return scalars[kind]
    if above.count(shape.name) == _MOST_RECURSIONS - 1:
        return [] if kind == "list" else {}
    above = (*above, shape.name)
    if kind == "list":
        return [everything(shape.member, f"{path}[{n}]", above) for n in (1, 2)]
    if kind == "map":
        return {key: everything(shape.value, f"{path}{{{key}}}", above) for key in ("k1", "K-2")}
    return {
        name: everything(member, f"{path}.{name}", above) for name, member in shape.members.items()
    }
