"""The names of partitions, as Hive writes them."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

DERIVED: Final[dict[str, dict[str, Any]]] = {
    "partition_name": {
        "type": "string",
        "description": "Keys and values as in Hive's paths, such as `year=2026/month=01`.",
    },
}

# What `FileUtils.escapePathName` of Apache Hive escapes.
_SPECIAL: Final = re.compile(r"[\x01-\x1f\x7f\"#%'*/:=?\\{\[\]^]")
_NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"


def partition_name(keys: Sequence[str], values: Sequence[str | None]) -> str:
    """Write the name of a partition.

    Args:
        keys: The names of the table's partition keys.
        values: The partition's values, in the same order. Where there are more of them, since the
            table's keys have changed, the surplus ones stand without a name.

    Returns:
        `key=value` for each, joined by slashes, in lower case keys as Hive has them.
    """
    pairs = zip_longest(keys[: len(values)], values)
    return "/".join(
        f"{_escaped(key.lower())}={_escaped(value or _NO_VALUE)}"
        if key is not None
        else _escaped(value or _NO_VALUE)
        for key, value in pairs
    )


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda sign: f"%{ord(sign[0]):02X}", text)
