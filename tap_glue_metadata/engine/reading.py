"""One pass over the objects of a stream: pages as they arrive, and what becomes of its units."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tap_glue_metadata.engine.outcomes import Outcome, Unit, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_glue_metadata.engine.context import Context, Item
    from tap_glue_metadata.engine.listing import Listing
    from tap_glue_metadata.engine.pool import Lane
    from tap_glue_metadata.engine.read import Again, Read


class Page:
    """What a call has found for a stream."""

    def __init__(self, listing: Listing, items: Sequence[Item], *, is_last: bool) -> None:
        """Take what was found.

        Args:
            listing: The listing that it is a page of.
            items: The objects as they came.
            is_last: Whether no page follows.
        """
        self.outcome = listing.outcome
        self._listing, self._items, self._is_last = listing, items, is_last

    def __iter__(self) -> Iterator[tuple[Context, Item]]:
        """Yield the objects that are wanted, each with where it was found; once."""
        return self._listing.objects(self._items, is_last=self._is_last)


class Reading:
    """One pass over the objects of a stream.

    Attributes:
        stream: The stream.
        chain: The reads that lead to its objects.
        lane: Its calls, and the pages that they find.
        again: The second looks at some of its objects.
        outcomes: What became of each unit that it has come to.
        ended: The outcomes whose last listing has ended, until `written` yields them.
        unopened: The accounts and regions that could not be opened.
    """

    def __init__(
        self, stream: str, read: Read, lane: Lane[Page], again: Sequence[Again] = ()
    ) -> None:
        """Begin with nothing."""
        self.stream, self.chain, self.lane, self.again = stream, read.chain, lane, again
        self.outcomes: dict[Unit, Outcome] = {}
        self.ended: deque[Outcome] = deque()
        self.unopened: set[Unit] = set()

    @property
    def missing(self) -> set[Unit]:
        """What was left out so far."""
        return self.unopened.union(*(outcome.missing for outcome in list(self.outcomes.values())))

    def outcome_of(self, context: Context) -> Outcome:
        """Return what becomes of the unit that a context is in."""
        unit = Unit.of(context)
        return self.outcomes.setdefault(unit, Outcome(unit))

    def told(self) -> str:
        """Tell how many calls it has taken so far."""
        outcomes = list(self.outcomes.values())
        told = counted(sum(outcome.calls for outcome in outcomes), "call")
        if retries := sum(outcome.retries for outcome in outcomes):
            told += f", {counted(retries, 'retry')}"
        if repeated := sum(outcome.repeated for outcome in outcomes):
            told += f", {counted(repeated, 'object')} listed twice and dropped"
        if replaced := sum(outcome.replaced for outcome in outcomes):
            told += f", {counted(replaced, 'character')} replaced by U+FFFD: no text may hold them"
        return told

    def written(self) -> Iterator[Outcome]:
        """Yield the outcomes of the units that were read and written since the last call."""
        for _ in range(len(self.ended)):
            outcome = self.ended.popleft()
            if outcome.is_written:
                yield outcome
            else:
                self.ended.append(outcome)

    def __iter__(self) -> Iterator[Page]:
        """Yield the pages as they arrive.

        Raises:
            TapError: What ends the run.
        """
        yield from self.lane

    def wrote(self, page: Page) -> None:
        """Note that a page has been written."""
        with self.lane.ready:  # which holds the lock of the pool
            page.outcome.unwritten -= 1
