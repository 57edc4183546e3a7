"""The change guard: a unit that suddenly has far fewer objects is not taken for wholly read.

An outage, or a grant that was revoked in Lake Formation, makes AWS list fewer objects without an
error, which looks like deletion. So the state keeps how many objects each unit had at its last
complete reading.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.aws.errors import TapError
from tap_glue_metadata.engine.outcomes import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.outcomes import Outcome
    from tap_glue_metadata.engine.reading import Reading

_KEY: Final = "object_counts"
_FEWEST: Final = 10  # below it, a large share is a few objects


class ImplausibleShrinkError(TapError):
    """A unit has far fewer objects than before."""

    code = "ImplausibleShrink"


class ObjectCounts:
    """How many objects the units of a stream had at their last complete reading."""

    def __init__(self, state: Json, extents: Mapping[Unit, str], most_removed_percent: int) -> None:
        """Read the counts.

        Args:
            state: The stream's part of the state.
            extents: The extent of each account and region that is read now; counts of another
                extent do not count.
            most_removed_percent: How many of a unit's objects may be gone; 0 for any number.
        """
        self._state, self._extents, self._percent = state, extents, most_removed_percent
        self._counts: dict[Unit, int] = {}
        for account_id, region, extent, rows in _unpacked(state.get(_KEY)):
            if extents.get(Unit(account_id, region), extent) == extent:
                for catalog_id, database_name, count in rows:
                    self._counts[Unit(account_id, region, catalog_id, database_name)] = count

    def problem(self, reading: Reading, outcome: Outcome) -> ImplausibleShrinkError | None:
        """Tell why a unit that was read wholly is not to be taken for it.

        Args:
            reading: The pass that it was read in.
            outcome: What became of the unit.

        Returns:
            The problem, None if there is none.
        """
        before, now = self._counts.get(outcome.unit, 0), _count(outcome)
        if not self._percent or before < _FEWEST or now * 100 >= before * (100 - self._percent):
            return None
        error = ImplausibleShrinkError(
            f"{outcome.unit.resource} had {before} objects at its last complete reading and has "
            f"{now} now, so nothing is taken for deleted; if objects were deleted, run once with "
            "max_removed_percent set to 0"
        )
        error.action = reading.chain[-1].action
        return error

    def conclude(self, reading: Reading) -> None:
        """Put the counts after a pass into the state.

        Args:
            reading: The pass. What it did not read wholly keeps the count that it had; what is no
                longer there has none.
        """
        missing = reading.missing
        counts = {
            unit: count
            for unit, count in self._counts.items()
            if unit.scope not in self._extents or any(one in missing for one in unit.around())
        }
        for unit, outcome in reading.outcomes.items():
            if outcome.is_whole and _count(outcome) >= _FEWEST:
                counts[unit] = _count(outcome)
        self._state.pop(_KEY, None)
        if counts:
            self._state[_KEY] = self._packed(counts)

    def _packed(self, counts: Mapping[Unit, int]) -> str:
        """Write the counts as a short text: 49 kB for 5,000 databases."""
        by_scope: dict[Unit, list[Any]] = {}
        for unit, count in counts.items():
            by_scope.setdefault(unit.scope, []).append([unit.catalog_id, unit.database_name, count])
        content = [
            [scope.account_id, scope.region, self._extents.get(scope, ""), rows]
            for scope, rows in by_scope.items()
        ]
        return base64.b64encode(zlib.compress(json.dumps(content).encode())).decode()


def _unpacked(text: str | None) -> list[Any]:
    """Read what `_packed` has written; what cannot be read counts as nothing."""
    try:
        content: list[Any] = json.loads(zlib.decompress(base64.b64decode(text or "")))
    except (ValueError, TypeError, zlib.error):
        return []
    return content


def _count(outcome: Outcome) -> int:
    return outcome.objects + outcome.parents
