"""The decimal numbers in column statistics, which Glue sends as bytes and a scale."""

from __future__ import annotations

import base64
import binascii
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DERIVED: Final[dict[str, dict[str, Any]]] = {
    f"{word}_decimal": {
        "type": ["string", "null"],
        "description": f"{word.capitalize()} of a decimal column, decoded to a decimal number.",
    }
    for word in ("minimum", "maximum")
}


def derive(statistics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the derived fields of a column's statistics.

    Args:
        statistics: Glue's `ColumnStatistics`.

    Returns:
        The fields of `DERIVED`; None where there is no such number.
    """
    data = (statistics.get("StatisticsData") or {}).get("DecimalColumnStatisticsData") or {}
    return {
        f"{word}_decimal": decimal(data.get(f"{word.capitalize()}Value"))
        for word in ("minimum", "maximum")
    }


def decimal(number: Mapping[str, Any] | None) -> str | None:
    """Decode a decimal number.

    Args:
        number: Glue's `DecimalNumber`: `UnscaledValue`, a big-endian number in two's complement in
            base64, as Java's `BigInteger` has it, and `Scale`, its digits after the point.

    Returns:
        The number as text without an exponent; None for what is none.
    """
    try:
        content = base64.b64decode((number or {})["UnscaledValue"], validate=True)
        scale = int((number or {})["Scale"])
    except (KeyError, TypeError, ValueError, binascii.Error):
        return None
    if not content or abs(scale) > _MOST_DIGITS:
        return None
    unscaled = int.from_bytes(content, "big", signed=True)
    sign, digits = unscaled < 0, tuple(map(int, str(abs(unscaled))))
    return format(Decimal((sign, digits, -scale)), "f")


_MOST_DIGITS: Final = 1_000
