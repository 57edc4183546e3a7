"""Streams beyond the default ones: what the setting `extra_streams` names."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tap_glue_metadata.aws.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tap_glue_metadata.streams.base import GlueStream

SETTING = "extra_streams"


def enabled(
    stream_types: Sequence[type[GlueStream]], names: Collection[str], always: Collection[str]
) -> list[type[GlueStream]]:
    """Return the streams that the setting names.

    Args:
        stream_types: The streams that it may name.
        names: Names of streams, or of their groups.
        always: Names of the streams that are there in any case.

    Returns:
        The types, in their order.

    Raises:
        SettingError: A name is unknown.
    """
    known = {name for stream in stream_types for name in (stream.name, stream.group)}
    for name in names:
        if name in always and name not in known:
            raise SettingError(SETTING, f"the stream '{name}' is there in any case; leave it out")
        if name not in known:
            near = get_close_matches(name, sorted(known), n=1)
            groups = ", ".join(dict.fromkeys(stream.group for stream in stream_types))
            hint = f"did you mean '{near[0]}'?" if near else f"the groups are {groups}"
            raise SettingError(SETTING, f"there is no stream or group '{name}'; {hint}")
    wanted = {stream.name for stream in stream_types if {stream.name, stream.group} & {*names}}
    return [stream for stream in stream_types if stream.name in wanted]


def parents_of(stream_types: Sequence[type[GlueStream]]) -> list[type[GlueStream]]:
    """Return the parents of embedded children, of those that are not among the streams.

    Args:
        stream_types: Streams, some of which may come inside the objects of others.
    """
    parents: dict[Any, None] = dict.fromkeys(each.parent_stream_type for each in stream_types)
    return [parent for parent in parents if parent and parent not in stream_types]
