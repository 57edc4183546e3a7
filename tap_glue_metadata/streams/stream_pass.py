"""One pass: the records of a stream and of its embedded children, from one reading of objects."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tap_glue_metadata.engine.outcomes import counted
from tap_glue_metadata.streams.object_counts import ObjectCounts
from tap_glue_metadata.streams.progress import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.context import Context
    from tap_glue_metadata.engine.outcomes import Outcome, Unit
    from tap_glue_metadata.engine.reading import Reading
    from tap_glue_metadata.engine.traversal import Traversal
    from tap_glue_metadata.streams.sdk import SdkStream
    from tap_glue_metadata.streams.sinks import Sink


class Pass:
    """Writes what a reading finds, and what follows from its outcomes."""

    def __init__(  # noqa: PLR0913 - what one pass brings together
        self,
        leader: SdkStream,
        sinks: list[Sink],
        reading: Reading,
        traversal: Traversal,
        *,
        passes: Callable[[Context, Json], bool] | None,
        report: Callable[..., None] | None,
    ) -> None:
        """Begin the pass; nothing is written yet.

        Args:
            leader: The stream whose objects are read; its children come along.
            sinks: Where the records of those go that are selected.
            reading: The objects.
            traversal: The traversal that the reading is part of.
            passes: Tells whether the stream map of the leader lets an object pass; its children
                follow it. None if all may.
            report: Writes that a unit was read wholly, as `Extractions.report` does; None if
                nobody wants to know.
        """
        self._leader, self._sinks, self._reading = leader, sinks, reading
        self._traversal, self._passes, self._report = traversal, passes, report
        selection, chain = traversal.selection, reading.chain
        extents = traversal.by_scope(selection.extent, chain)
        self._unit_extents = traversal.by_scope(selection.unit_extent, chain)
        percent = leader.config["max_removed_percent"]
        self._counts = ObjectCounts(sinks[0].stream.stream_state, extents, percent)
        for sink in sinks:
            sink.begin(extents, self._name_of)

    def run(self) -> None:
        """Write all records, then the bookmarks and what is no longer there.

        Raises:
            TapError: What ends the run.
        """
        with ExitStack() as stack:
            for sink in self._sinks:
                stack.enter_context(sink.open(self._leader))
            stack.enter_context(progress(self._told))
            try:
                is_done = self._write()
            finally:  # on an error, too: what was read and written by then is whole
                self._judge_written_units()
        self._judge_units()
        missing = self._reading.missing if is_done else None
        if is_done:
            self._counts.conclude(self._reading)
        may_delete = missing == set() and not self._traversal.unmatched_patterns(self._reading)
        for sink in self._sinks:
            sink.close(missing, may_delete=may_delete)
        self._traversal.outcomes.end_pass(f"{self._told()} ({_completeness(missing)})")

    def _write(self) -> bool:
        """Hand each object to the sinks; tell whether they took all of them."""
        is_test = self._leader.ABORT_AT_RECORD_COUNT is not None
        for page in self._reading:
            before = [sink.written for sink in self._sinks]
            for context, raw in page:
                self._write_object(context, raw)
                if is_test and all(sink.is_full for sink in self._sinks):
                    return False
            for sink, written in zip(self._sinks, before, strict=True):
                page.outcome.emitted[sink.stream.name] += sink.written - written
            self._reading.wrote(page)
            self._judge_written_units()
        return not is_test

    def _write_object(self, context: Context, raw: Json) -> None:
        children_wanted = self._passes is None or self._passes(context, raw)
        for sink in self._sinks:
            if children_wanted or sink.stream is self._leader:
                sink.write(context, raw)

    def _judge_written_units(self) -> None:
        """Judge units before the end of the pass, if what was written is out by then."""
        if not any(sink.holds_back for sink in self._sinks):
            self._judge_units()

    def _judge_units(self) -> None:
        """Judge the units that have been read and written since the last time."""
        for outcome in self._reading.written():
            if outcome.is_whole and (shrink := self._counts.problem(self._reading, outcome)):
                outcome.missing.add(outcome.unit)
                stream, unit = self._reading.stream, outcome.unit
                self._traversal.outcomes.note(stream, unit, shrink, f"{stream}: {shrink}")
            if outcome.is_whole and self._report and self._is_of_stream(outcome):
                for sink in self._sinks:
                    self._report(
                        sink.stream.name,
                        outcome,
                        extent=self._unit_extents[outcome.unit.scope],
                        full_started_at=sink.full_since(outcome),
                        record_count=self._record_count(sink, outcome),
                    )

    def _is_of_stream(self, outcome: Outcome) -> bool:
        """Tell whether a unit is one of the stream's, not one on the way to them."""
        unit = outcome.unit
        members = (unit.catalog_id is not None) + (unit.database_name is not None)
        return members == len(self._reading.chain[-1].unit_members)

    def _record_count(self, sink: Sink, outcome: Outcome) -> int | None:
        """Return how many records the unit has, None where only changed ones were counted."""
        if not sink.is_incremental:
            return outcome.emitted[sink.stream.name] - outcome.elsewhere
        return outcome.objects - outcome.elsewhere if sink.stream is self._leader else None

    def _name_of(self, context: Context, raw: Mapping[str, Any]) -> str | None:
        """Tell a single object, that may be missing by itself, from others of its unit."""
        read = self._reading.chain[-1]
        is_single = read.each or self._reading.again
        return context.name or (f"{read.items}/{read.key_of(raw)}" if is_single else None)

    def _told(self) -> str:
        counts = (f"{s.stream.name}: {counted(s.written, 'record')}" for s in self._sinks)
        return f"{', '.join(counts)} in {self._reading.told()}"


def _completeness(missing: set[Unit] | None) -> str:
    if missing is None:
        return "a test run"
    if not missing:
        return "complete"
    told = "bookmark kept, nothing announced as deleted: "
    told += f"{counted(len(missing), 'unit')} missing"
    if any(unit.database_name for unit in missing):
        told += "; name them in exclude_databases to leave them out on purpose"
    return told
