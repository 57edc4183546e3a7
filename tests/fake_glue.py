"""A fake AWS that answers any declared read: with everything that its output shape can hold."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import botocore.session
from botocore.model import StructureShape
from fake_aws import Call, FakeAws, Reply
from glue_strategies import everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from botocore.model import OperationModel

    from tap_glue_metadata.engine.read import Read

Json = dict[str, Any]

ROWS: Final = 5
PAGE: Final = 2
_SESSION: Final = botocore.session.get_session()
_OWN: Final = {"GetCatalogs", "GetDatabases", "GetTables"}


@cache
def model_of(service: str, operation: str) -> OperationModel:
    return _SESSION.get_service_model(service).operation_model(operation)


def output_of(read: Read) -> StructureShape:
    shape = model_of(read.service, read.operation).output_shape
    assert isinstance(shape, StructureShape)
    return shape


def member_of(read: Read) -> str:
    """Name the member of an answer that holds the objects of a read; empty for all of it."""
    return read.items.partition("[")[0].strip("@")


def item_shape(read: Read) -> Any:
    """Return the shape of the objects of a read."""
    shape: Any = output_of(read)
    shape = shape.members[member] if (member := member_of(read)) else shape
    return getattr(shape, "member", shape)


def is_list(read: Read) -> bool:
    member = member_of(read)
    return bool(member) and hasattr(output_of(read).members[member], "member")


class FakeGlue(FakeAws):
    """Answers the reads that it is told of, each listing in three pages.

    Attributes:
        given: What was answered: the objects by operation.
        rewrite: Changes the text of each answer.
    """

    def __init__(
        self, reads: Iterable[Read], rewrite: Callable[[str], str] = lambda text: text
    ) -> None:
        super().__init__()
        self.rewrite = rewrite
        self.page_size = PAGE
        self.given: dict[str, list[Any]] = {}
        self._reads: dict[str, list[Read]] = {}
        for read in reads:
            self._reads.setdefault(read.operation, []).append(read)

    def _glue(self, call: Call, model: OperationModel) -> Reply:
        if call.operation in _OWN or call.operation not in self._reads:
            return super()._glue(call, model)
        return self._any(call)

    def _other(self, call: Call, _: OperationModel) -> Reply:
        return self._any(call)

    def _any(self, call: Call) -> Reply:
        read = self._reads[call.operation][0]
        asked, answered = read.token
        bound = {k: v for k, v in call.params.items() if k not in (asked, "MaxResults", "Segment")}
        rows, start = self._rows(read, bound), int(call.params.get(asked, 0))
        if segment := call.params.get("Segment"):
            rows = rows[segment["SegmentNumber"] :: segment["TotalSegments"]]
        page = rows[start : start + PAGE] if read.each is None else rows
        self.given.setdefault(read.operation, []).extend(page)
        member = member_of(read)
        if not is_list(read):
            return self._written({member: page[0]} if member else page[0])
        token = {answered: str(start + PAGE)} if start + len(page) < len(rows) else {}
        return self._written({member: page, **token})

    def _written(self, answer: Json) -> Reply:
        return Reply(self.rewrite(json.dumps(answer)).encode())

    def _rows(self, read: Read, params: Json) -> list[Any]:
        if read.each is not None:
            return [
                self._row(read, {**params, "": value}, value) for value in params[read.each.member]
            ]
        parts = len(read.split) or 1  # each of which has as many pages
        numbers = range(1, ROWS * parts + 1 if is_list(read) else 2)
        return [self._row(read, {**params, "": number}, number) for number in numbers]

    def _row(self, read: Read, params: Json, number: Any) -> Any:
        text = json.dumps([read.operation, params], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        shape = item_shape(read)
        if shape.type_name == "string":
            return f"n{digest}"
        row: Json = everything(shape, digest)
        if read.union:
            kinds = list(row)
            kind = kinds[number % len(kinds)]
            return {kind: {**row[kind], "Name": f"n{digest}"}}
        for name in re.findall(r"\w+", read.key):
            kind = shape.members[name].type_name if name in row else ""
            text = f"arn:aws:glue:::x/{digest}" if name.endswith("Arn") else f"n{digest}"
            values: Json = {"string": text, "long": number, "list": [text]}
            row.update({name: values[kind]} if kind in values else {})
        flat = dict(_flattened(params))
        row.update({name: flat[name] for name in row.keys() & flat.keys()})
        if read.each is not None and isinstance(number, str):
            row[read.key] = number
        if read.each is not None and isinstance(number, dict):
            row["tableOptimizer"]["type"] = number["type"]
            row["tableName"] = number["tableName"]
        return row


def _flattened(params: Json) -> Iterable[tuple[str, Any]]:
    for name, value in params.items():
        if isinstance(value, dict):
            yield from _flattened(value)
        else:
            yield name, value
