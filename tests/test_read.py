"""Each declaration holds against the service model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import botocore.session
import jmespath
import pytest
from test_engine import NEW

from tap_glue_metadata.read import Read, called
from tap_glue_metadata.settings import Settings
from tap_glue_metadata.streams import STREAM_TYPES

if TYPE_CHECKING:
    from botocore.model import OperationModel

READS: Final = list(
    dict.fromkeys(step for stream in (*STREAM_TYPES, *NEW) for step in stream.reads())
)
SESSION: Final = botocore.session.get_session()
each_read = pytest.mark.parametrize("read", READS, ids=lambda read: read.operation)


def model_of(read: Read) -> OperationModel:
    return SESSION.get_service_model(read.service).operation_model(read.operation)


def members(shape: Any) -> dict[str, Any]:
    return dict(getattr(shape, "members", {}))


def shape_at(shape: Any, path: str) -> Any:
    """Follow a path of names, through lists and maps."""
    for name in filter(None, re.split(r"\.|\[\]", path)):
        shape = members(getattr(shape, "member", shape))[name]
    return shape


def item_of(read: Read) -> Any:
    found = shape_at(model_of(read).output_shape, "" if read.items == "@" else read.items)
    return getattr(found, "member", found)


@each_read
def test_the_operation_only_reads(read: Read) -> None:
    assert re.match(r"(Get|List|BatchGet|Describe)[A-Z]", read.operation)
    assert model_of(read).http["method"] == "POST"


@each_read
def test_the_objects_are_there(read: Read) -> None:
    assert item_of(read).type_name in {"structure", "string"}
    if read.is_always_listed:
        assert shape_at(model_of(read).output_shape, read.items).type_name == "list"


@each_read
def test_pages_are_asked_for_as_the_operation_has_them(read: Read) -> None:
    asked, answered = read.token
    model = model_of(read)
    tokens = {"NextToken", "Marker"}
    if tokens & members(model.input_shape).keys():
        assert asked in members(model.input_shape)
        assert answered in members(model.output_shape)
    else:
        assert not tokens & members(model.output_shape).keys()


@each_read
def test_what_is_sent_is_taken(read: Read) -> None:
    taken = members(model_of(read).input_shape)
    later = {
        m for other in READS if read in other.chain for m in members(model_of(other).input_shape)
    }
    assert read.bind.keys() <= taken.keys() | later
    assert read.params.keys() | read.settings.keys() <= taken.keys()
    assert set(read.settings.values()) <= set(Settings.__dataclass_fields__)
    required = set(getattr(model_of(read).input_shape, "required_members", ()))
    each = {read.each.member} if read.each else set()
    assert required <= {*read.bound, *read.params, *each}


@each_read
def test_what_is_bound_is_found_in_the_parent(read: Read) -> None:
    if read.parent is None:
        assert not read.bind
        return
    parent = item_of(read.parent)
    for path in read.bind.values():
        for name in re.findall(r"\w+", path.rpartition(":")[2]):
            assert name in members(parent) or name in read.parent.bound


@each_read
def test_a_key_tells_objects_apart(read: Read) -> None:
    item = item_of(read)
    if item.type_name == "string":
        assert read.key == "@"
    elif shape_at(model_of(read).output_shape, read.items).type_name == "list":
        assert jmespath.search(read.key, dict.fromkeys(members(item), "x")) == "x"


@each_read
def test_batches_are_as_large_as_the_service_takes(read: Read) -> None:
    if read.each is None:
        return
    values = members(model_of(read).input_shape)[read.each.member]
    assert values.metadata.get("max", read.each.size) >= read.each.size
    names = set(re.findall(r"[A-Z]\w+", read.each.answered))
    output = model_of(read).output_shape
    known = {*members(output), *members(item_of(read))}
    for shape in members(output).values():
        known |= members(getattr(shape, "member", None)).keys()
    assert names <= known


def test_pinned_catalogs_need_no_listing() -> None:
    tables = next(stream for stream in STREAM_TYPES if stream.name == "tables").reads()[-1]
    catalogs = next(stream for stream in STREAM_TYPES if stream.name == "catalogs").reads()[-1]
    names = [read.operation for read in called([tables], is_pinned=True)]
    assert names == ["GetDatabases", "GetTables"]
    assert catalogs in called([tables, catalogs], is_pinned=True)
    assert len(called([tables], is_pinned=False)) == 3
