"""What a stream declares, and what follows from that without any run."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import StreamSchema
from singer_sdk.schema.source import SchemaDirectory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_glue_metadata.engine.read import Again, Read

SCHEMAS = SchemaDirectory(files("tap_glue_metadata") / "schemas")
DEFAULT = "default"
"""The group of the streams that need not be named."""


class Declaration:
    """The declaration of a stream of objects that AWS lists.

    A subclass declares what it reads; its schema is generated from that (`make schemas`).

    Attributes:
        group: What `extra_streams` may name to have the stream; `default` for one that is there
            in any case.
        source: What is read, and how one gets there; None for a stream that calls nothing.
        again: The second looks at some of its objects.
        shape: The shape of a record in the service model, None for that of the objects; empty for
            a record that is all derived.
        replication_keys: The replication keys on offer, each with the member of a raw object that
            it comes from; one stream may offer several, of which the first is proposed.
        arn_kind: The type of the objects in ARNs, if they have one; fills the field `arn`.
        derived: JSON Schema of each field that is ours, by name, in the record's order.
        open_members: Members, by their path in AWS's casing, that come over verbatim: shapes that
            recurse, or are too large to spell out.
        omitted_members: Members, by their path in AWS's casing, that are no part of the stream.
    """

    name: str = ""
    primary_keys: Sequence[str] = ()
    schema: ClassVar[Any] = StreamSchema(SCHEMAS)
    group: ClassVar[str] = DEFAULT
    source: ClassVar[Read | None] = None
    again: ClassVar[Sequence[Again]] = ()
    shape: ClassVar[str | None] = None
    arn_kind: ClassVar[str | None] = None
    derived: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    open_members: ClassVar[frozenset[str]] = frozenset()
    omitted_members: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def reads(cls) -> tuple[Read, ...]:
        """Return the reads that lead to the stream's objects, its own one last."""
        return cls.source.chain if cls.source else ()

    @classmethod
    def calls(cls) -> tuple[Read, ...]:
        """Return the reads that are called for the stream, second looks last."""
        reads = (*cls.reads(), *(again.read for again in cls.again))
        return tuple(read for read in reads if not read.is_never_called)

    @classmethod
    def substitutes(cls) -> tuple[Read, ...]:
        """Return the reads that are called in place of one that is denied."""
        reads = (read for call in cls.calls() for read in call.instead)
        return tuple(dict.fromkeys(step for read in reads for step in read.chain))

    @classmethod
    def operations(cls) -> frozenset[str]:
        """Return the operations that reading the stream calls where nothing is denied."""
        return frozenset(read.operation for read in cls.calls())
