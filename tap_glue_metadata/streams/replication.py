"""How streams are replicated: the choice in a catalog, and the start date."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.aws.errors import SettingError, TapError
from tap_glue_metadata.records.projection import moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_glue_metadata.aws.raw_json import Json

INCREMENTAL: Final = "INCREMENTAL"
FULL_TABLE: Final = "FULL_TABLE"


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
