"""What the documentation says of a stream: its keys, its calls, and the rights that these take."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final

from tap_glue_metadata.aws.policy import checked_operations
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES
from tap_glue_metadata.streams.base import EmbeddedStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_glue_metadata.engine.read import Read
    from tap_glue_metadata.streams.base import GlueStream

ALL: Final = (*STREAM_TYPES, *EXTRA_STREAM_TYPES)


def holds(stream: type[GlueStream]) -> str:
    """Return the sentence that says what a stream holds.

    Args:
        stream: The stream.
    """
    return (inspect.getdoc(stream) or "").splitlines()[0]


def code(names: Iterable[str]) -> str:
    """Write names as code, in one line.

    Args:
        names: The names.
    """
    return ", ".join(f"`{name}`" for name in names)


def operations(stream: type[GlueStream]) -> list[str]:
    """Return what is called for a stream, each operation once, parents first.

    Args:
        stream: The stream.
    """
    return list(dict.fromkeys(_told(read) for read in stream.calls()))


def actions(stream: type[GlueStream]) -> list[str]:
    """Return the IAM actions that reading a stream takes.

    Args:
        stream: The stream.
    """
    calls = stream.calls()
    glue = checked_operations(read.operation for read in calls if read.service == "glue")
    others = sorted({read.action for read in calls if read.service != "glue"})
    return [*(f"glue:{name}" for name in glue), *others]


def cost(stream: type[GlueStream]) -> str:
    """Tell how many calls a stream takes, which the objects of its parents decide.

    Args:
        stream: The stream.
    """
    if issubclass(stream, EmbeddedStream):
        return f"none of its own: it comes with `{stream.parent_stream_type.name}`"
    if not stream.reads():
        return "none"
    read = stream.reads()[-1]
    told = [f"{_number(read)}{_where(read)}"]
    told += [f"{_told(again.read)} once more{_where(again.read)}" for again in stream.again]
    if read.instead:
        others = code(dict.fromkeys(other.operation for other in read.instead))
        told.append(f"where {code([read.action])} is denied, {others} for each object")
    return "; ".join(told)


def _number(read: Read) -> str:
    parent = read.parent
    if parent is None or parent.is_never_called:
        return "one for each page, in each account and region"
    if read.each and read.bind:
        return f"one for {read.each.size} values or fewer of each object of `{parent.operation}`"
    if read.each:
        return f"one for {read.each.size} objects of `{parent.operation}` or fewer"
    above = f", and of `{parent.parent.operation}`" if read.with_parent and parent.parent else ""
    return f"one or more for each object of `{parent.operation}`{above}"


def _where(read: Read) -> str:
    return f", where `{read.where}`" if read.where else ""


def _told(read: Read) -> str:
    return f"`{read.operation}`{f' ({read.each.size} at a time)' if read.each else ''}"
