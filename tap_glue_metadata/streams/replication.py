"""INCREMENTAL replication: the choice in a catalog, and the bookmark of a pass."""

from __future__ import annotations

import logging
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.aws.errors import SettingError, TapError
from tap_glue_metadata.records.projection import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_glue_metadata.aws.raw_json import Json

LOGGER: Final = logging.getLogger("tap-glue-metadata")

INCREMENTAL: Final = "INCREMENTAL"
FULL_TABLE: Final = "FULL_TABLE"

# AWS's clock may differ from this machine's by so much before AWS refuses the signatures (AWS
# General Reference, "Signature Version 4"): what changes in a run must not hide before its start.
_CLOCK_SKEW: Final = timedelta(minutes=5)


def with_choices(catalog: Mapping[str, Any]) -> Json:
    """Let the metadata of a catalog's streams decide how they are replicated.

    A discovered catalog names FULL_TABLE with each stream. Users, and Meltano's `metadata`, leave
    that as it is and write `replication-method` and `replication-key` into the metadata, where the
    SDK does not look for the first, and reads the second after the stream's own.

    Args:
        catalog: A Singer catalog.

    Returns:
        A copy in which the choice stands with each stream. A key without a method chooses
        INCREMENTAL.
    """
    chosen: Json = deepcopy(dict(catalog))
    for entry in chosen.get("streams", ()):
        for item in entry.get("metadata", ()):
            if not item["breadcrumb"]:
                entry.update(_choice(item["metadata"]))
    return chosen


def _choice(metadata: Mapping[str, Any]) -> Json:
    method = metadata.get("replication-method") or metadata.get("forced-replication-method")
    key = metadata.get("replication-key")
    choice = {"replication_key": key, "replication_method": method or (key and INCREMENTAL)}
    return {name: value for name, value in choice.items() if value}


def check_choice(
    stream: str, method: str, key: str | None, offered: Mapping[str, str]
) -> str | None:
    """Check how a stream is to be replicated.

    Args:
        stream: The stream's name.
        method: The replication method that the catalog chooses.
        key: The replication key that it chooses, if it does.
        offered: The replication keys that the stream has.

    Returns:
        The replication key; None for FULL_TABLE.

    Raises:
        TapError: The stream cannot be replicated so.
    """
    if method == FULL_TABLE:
        return None
    if method != INCREMENTAL:
        raise TapError(
            f"Catalog, stream '{stream}': the replication method {method!r} is not supported; "
            f"choose {FULL_TABLE} or, for a stream with a replication key, {INCREMENTAL}"
        )
    if not offered:
        raise TapError(
            f"Catalog, stream '{stream}': it has no replication key; choose {FULL_TABLE}"
        )
    key = key or next(iter(offered))
    if key not in offered:
        raise TapError(
            f"Catalog, stream '{stream}': {key!r} is not one of its replication keys; choose "
            f"{' or '.join(map(repr, offered))}"
        )
    return key


class Bookmark:
    """Tells which objects changed since the last run, and how far this one gets.

    Attributes:
        since: What changed before it is not wanted; None if all is.
    """

    def __init__(
        self, member: str, bookmark: datetime | None, floor: datetime | None, start: datetime
    ) -> None:
        """Begin a pass.

        Args:
            member: The member of a raw object that tells when it last changed.
            bookmark: How far the last complete pass got, if there was one.
            floor: The start date of the settings, if there is one.
            start: When this run started.
        """
        self.since = max(filter(None, (bookmark, floor)), default=None)
        self._member = member
        self._latest = bookmark
        self._ceiling = start - _CLOCK_SKEW

    def wants(self, raw: Mapping[str, Any]) -> bool:
        """Tell whether an object is to be emitted: it changed, or does not tell when.

        Args:
            raw: The object as raw Glue JSON.

        Returns:
            True for what changed at the bookmark itself, too: times may be whole seconds.
        """
        changed = moment(raw.get(self._member))
        if changed is None:
            return True
        if self.since is not None and changed < self.since:
            return False
        self._latest = changed if self._latest is None else max(self._latest, changed)
        return True

    @property
    def reached(self) -> str | None:
        """The bookmark after a complete pass: never later than the run's start."""
        if self._latest is None:
            return None
        return min(self._latest, self._ceiling).isoformat(timespec="microseconds")


def read_bookmark(stream: str, state: dict[str, Any], key: str, start: datetime) -> datetime | None:
    """Read the bookmark of a stream from its state.

    Args:
        stream: The stream's name.
        state: The stream's part of the state. A bookmark from the future is removed from it: what
            changed before the run, but after the bookmark was written, might be missing for ever.
        key: The replication key; a bookmark of another one does not count.
        start: When this run started.

    Returns:
        The bookmark, None if there is none that can be trusted.

    Raises:
        TapError: It is not a valid date.
    """
    value = state.get("replication_key_value")
    if value is None or state.get("replication_key") != key:
        return None
    bookmark = moment(value)
    if bookmark is None:
        raise TapError(
            f"State, stream '{stream}': the bookmark {value!r} is not a valid date; fix it, or "
            "remove it to read all anew"
        )
    if bookmark > start:
        LOGGER.warning(
            "State, stream '%s': the bookmark %s is in the future and not used; all is read anew",
            stream,
            value,
        )
        del state["replication_key"], state["replication_key_value"]
        return None
    return bookmark


def read_start_date(value: str | None) -> datetime | None:
    """Read the setting `start_date`.

    Args:
        value: The setting.

    Returns:
        The date, None if it is not set.

    Raises:
        SettingError: It is not a valid date.
    """
    start = moment(value) if value else None
    if value and start is None:
        raise SettingError(
            "start_date", f"{value!r} is not a valid date; write one such as 2026-01-31T00:00:00Z"
        )
    return start


def run_start(epoch_milliseconds: int) -> datetime:
    """Return the start of a run, which the SDK notes in milliseconds since 1970."""
    return datetime.fromtimestamp(epoch_milliseconds / 1000, tz=timezone.utc)
