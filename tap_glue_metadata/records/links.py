"""Resource links to tables, and what they lead to."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.records.projection import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a link shows of its target, whatever it holds itself.
_OF_TARGET: Final = ("StorageDescriptor", "PartitionKeys", "IcebergTableMetadata", "TableType")
_LONG_AGO: Final = datetime.min.replace(tzinfo=timezone.utc)


def resolved(link: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """Give a table's resource link the definition of the table that it leads to.

    Args:
        link: Glue's `Table` with a `TargetTable`.
        target: The `Table` that it leads to.

    Returns:
        The target's members under the link's name and place. `UpdateTime` is the later one, since
        either may change the columns.
    """
    shown = {name: target[name] for name in _OF_TARGET if target.get(name) is not None}
    parameters = {**(target.get("Parameters") or {}), **(link.get("Parameters") or {})}
    times = [link.get("UpdateTime"), target.get("UpdateTime")]
    updated = max(times, key=lambda time: moment(time) or _LONG_AGO)
    return {**target, **link, **shown, "Parameters": parameters, "UpdateTime": updated}
