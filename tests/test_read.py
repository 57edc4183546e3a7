"""Each declaration holds against the service model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import botocore.session
import pytest
from glue_strategies import everything
from test_engine import NEW

from tap_glue_metadata.engine.paths import search
from tap_glue_metadata.engine.read import Read, called
from tap_glue_metadata.settings import Settings
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES

if TYPE_CHECKING:
    from botocore.model import OperationModel

STREAMS: Final = (*STREAM_TYPES, *EXTRA_STREAM_TYPES, *NEW)
READS: Final = list(
    dict.fromkeys(
        step
        for stream in STREAMS
        for read in (*stream.reads(), *stream.calls(), *stream.substitutes())
        for step in read.chain
    )
)
OF_RECORDS: Final = {"TableName"}  # a key, where the call takes a structure with the table in it
SESSION: Final = botocore.session.get_session()
each_read = pytest.mark.parametrize("read", READS, ids=lambda read: read.operation)


def model_of(read: Read) -> OperationModel:
    return SESSION.get_service_model(read.service).operation_model(read.operation)


def members(shape: Any) -> dict[str, Any]:
    return dict(getattr(shape, "members", {}))


def answer_of(read: Read) -> Any:
    """Return an answer with every member set."""
    return everything(model_of(read).output_shape)


def item_of(read: Read) -> Any:
    """Return an object of such an answer."""
    return read.items_of(answer_of(read))[0]


@each_read
def test_the_operation_only_reads(read: Read) -> None:
    assert re.match(r"(Get|List|BatchGet|Describe|Search)[A-Z]", read.operation)
    assert model_of(read).http["method"] == "POST"


@each_read
def test_the_objects_are_there(read: Read) -> None:
    assert isinstance(item_of(read), (dict, str))
    if read.is_always_listed:
        assert isinstance(search(read.items, answer_of(read)), list)


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
    assert read.bind.keys() <= taken.keys() | later | OF_RECORDS
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
    item = item_of(read.parent)
    placed = read.bind if read.parent.place else read.parent.bound
    for path in (*read.bind.values(), *read.carry.values(), *filter(None, [read.where])):
        seen = {**dict.fromkeys(placed, "x"), **item} if isinstance(item, dict) else item
        assert search(path, seen) is not None


@each_read
def test_a_key_tells_objects_apart(read: Read) -> None:
    found = read.items_of(answer_of(read))
    if len(found) > 1:
        assert None not in {read.key_of(item) for item in found}


@each_read
def test_batches_are_as_large_as_the_service_takes(read: Read) -> None:
    if read.each is None:
        return
    values = members(model_of(read).input_shape)[read.each.member]
    assert values.metadata.get("max", read.each.size) >= read.each.size
    if read.each.answered:
        assert search(read.each.answered, answer_of(read))


def test_pinned_catalogs_need_no_listing() -> None:
    tables = next(stream for stream in STREAM_TYPES if stream.name == "tables").reads()[-1]
    catalogs = next(stream for stream in STREAM_TYPES if stream.name == "catalogs").reads()[-1]
    names = [read.operation for read in called([tables], is_pinned=True)]
    assert names == ["GetDatabases", "GetTables"]
    assert catalogs in called([tables, catalogs], is_pinned=True)
    assert len(called([tables], is_pinned=False)) == 3
