"""Bookmarks of a stream: one for each account and region, and one for each unit that is missing.

They lie in the state as Singer's partitions. A unit that could not be read keeps the bookmark that
it had until it has been read, while the rest of its account and region moves on. Beside the
bookmark of an account and region lies its *extent*: what in the settings decides which objects
are read there. Where it has changed, all is emitted once, for an object that has come into view
need not have changed since. And there lies when the last run began that emitted all: what has not
come since is no longer there.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.aws.errors import TapError
from tap_glue_metadata.engine.outcomes import Unit, counted
from tap_glue_metadata.records.projection import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.context import Context

    NameOf = Callable[[Context, Mapping[str, Any]], str | None]

LOGGER: Final = logging.getLogger("tap-glue-metadata")

# AWS's clock may differ from this machine's by so much before AWS refuses the signatures (AWS
# General Reference, "Signature Version 4"): what changes in a run must not hide before its start.
_CLOCK_SKEW: Final = timedelta(minutes=5)
_KEY, _VALUE, _EXTENT = "replication_key", "replication_key_value", "extent"
_FULL: Final = "full_started_at"
_FIELDS: Final = ("account_id", "region", "catalog_id", "database_name", "name")


class Bookmarks:
    """Tells which objects changed since they were last read, and how far this run gets."""

    def __init__(self, stream: str, state: Json, key: str, start: datetime) -> None:
        """Read the bookmarks.

        Args:
            stream: The stream's name.
            state: The stream's part of the state; an older one has a single bookmark.
            key: The replication key; bookmarks of another one do not count.
            start: When this run started.

        Raises:
            TapError: A bookmark is not a valid date.
        """
        self._stream, self._state, self._key, self._start = stream, state, key, start
        self._common = self._read(state)
        self._marks: dict[Unit, datetime | None] = {}
        self._extents: dict[Unit, str] = {}
        self._full: dict[Unit, datetime | None] = {}
        for partition in state.get("partitions", ()):
            context = partition["context"]
            if partition.get(_KEY, key) == key and context.keys() >= {*_FIELDS[:2]}:
                unit = Unit(**{name: context.get(name) for name in _FIELDS})
                self._marks[unit] = self._read(partition)
                self._extents[unit] = partition.get(_EXTENT, "")
                self._full[unit] = moment(partition.get(_FULL))
        self._member = ""
        self._floor: datetime | None = None
        self._latest: dict[Unit, datetime] = {}
        self._visited: set[Unit] = set()
        self._name_of: NameOf = _no_name
        self._context: Context | None = None
        self._since: datetime | None = None

    def begin(
        self, member: str, floor: datetime | None, extents: Mapping[Unit, str], name_of: NameOf
    ) -> None:
        """Begin a pass.

        Args:
            member: The member of a raw object that tells when it last changed.
            floor: What changed before it is not wanted; None if all is.
            extents: The extent of each account and region that is read now.
            name_of: Tells a single object from others of its unit.
        """
        self._member, self._floor = member, floor
        self._visited = {*extents}
        if any(unit.name for unit in self._marks):  # else nothing is known of single objects
            self._name_of = name_of
        changed = 0
        for unit, extent in extents.items():
            if self._extents.get(unit) not in {None, "", extent}:
                changed += 1
                for mark in [mark for mark in self._marks if mark.scope == unit]:
                    self._marks[mark] = None
            self._marks.setdefault(unit, self._common)
            self._extents[unit] = extent
        if changed:
            LOGGER.info(
                "%s: what the settings select has changed in %s since the last run; all that is "
                "there now is emitted once",
                self._stream,
                counted(changed, "account and region"),
            )

    def wants(self, context: Context, raw: Mapping[str, Any]) -> bool:
        """Tell whether an object is to be emitted: it changed, or does not tell when.

        Args:
            context: Where it was found.
            raw: The object as raw JSON.

        Returns:
            True for what changed at the bookmark itself, too: times may be whole seconds.
        """
        changed = moment(raw.get(self._member))
        if changed is None:
            return True
        if context is not self._context or self._name_of is not _no_name:
            name = self._name_of(context, raw)
            self._context, self._since = context, self.since(Unit.of(context), name)
        if self._since is not None and changed < self._since:
            return False
        if self._floor is not None and changed < self._floor:
            return False
        scope = Unit(context.scope.account_id, context.scope.region)
        self._latest[scope] = max(changed, self._latest.get(scope, changed))
        return True

    def since(self, unit: Unit, name: str | None = None) -> datetime | None:
        """Return the bookmark of a unit: its own, if it is missing, or that of what it is in."""
        for candidate in replace(unit, name=name).around():
            if candidate in self._marks:
                return self._marks[candidate]
        return self._common

    def full_since(self, unit: Unit) -> datetime | None:
        """Return when the last run began that emitted all of a unit, None if that is not known."""
        is_full = self.since(unit) is None and self._floor is None
        return self._start if is_full else self._full.get(unit.scope)

    def conclude(self, missing: set[Unit]) -> None:
        """Move the bookmarks after a pass, and put them into the state.

        Args:
            missing: What was left out of it; it keeps the bookmarks that it had.
        """
        self._full |= {unit: self.full_since(unit) for unit in self._visited - missing}
        left = {unit: self.since(replace(unit, name=None), unit.name) for unit in missing}
        marks: dict[Unit, datetime | None] = {}
        for unit, mark in self._marks.items():
            if unit.scope not in self._visited:
                marks[unit] = mark
            elif unit in self._latest and unit not in left:
                reached = min(self._latest[unit], self._start - _CLOCK_SKEW)
                marks[unit] = max(reached, mark) if mark else reached
            elif unit == unit.scope or any(other in left for other in unit.around()):
                marks[unit] = mark
        marks |= {unit: mark for unit, mark in left.items() if unit != unit.scope}
        self._marks = marks
        self._state.pop(_KEY, None)
        self._state.pop(_VALUE, None)
        self._state["partitions"] = [self._written(unit) for unit in sorted(marks, key=_order)]

    def _written(self, unit: Unit) -> Json:
        names = ((name, getattr(unit, name)) for name in _FIELDS)
        partition: Json = {"context": {name: value for name, value in names if value is not None}}
        if mark := self._marks[unit]:
            partition |= {_KEY: self._key, _VALUE: mark.isoformat(timespec="microseconds")}
        if unit == unit.scope and self._extents.get(unit):
            partition[_EXTENT] = self._extents[unit]
        if unit == unit.scope and (full := self._full.get(unit)):
            partition[_FULL] = full.isoformat(timespec="microseconds")
        return partition

    def _read(self, state: Mapping[str, Any]) -> datetime | None:
        """Read one bookmark; one from the future is not trusted.

        What changed before this run, but after such a bookmark was written, might be missing for
        ever.
        """
        value = state.get(_VALUE)
        if value is None or state.get(_KEY) != self._key:
            return None
        mark = moment(value)
        if mark is None:
            raise TapError(
                f"State, stream '{self._stream}': the bookmark {value!r} is not a valid date; fix "
                "it, or remove it to read all anew"
            )
        if mark > self._start:
            LOGGER.warning(
                "State, stream '%s': the bookmark %s is in the future and not used; all is read "
                "anew",
                self._stream,
                value,
            )
            return None
        return mark


def _no_name(_: Context, __: Mapping[str, Any]) -> str | None:
    return None


def _order(unit: Unit) -> list[str]:
    return [getattr(unit, name) or "" for name in _FIELDS]
