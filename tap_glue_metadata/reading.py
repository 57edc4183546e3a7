"""One pass over the objects of a stream: pages as they arrive, and what becomes of its units."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_glue_metadata.outcomes import Outcome, Unit, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_glue_metadata.listing import Listing
    from tap_glue_metadata.pool import Lane
    from tap_glue_metadata.read import Context, Item, Read


class Page(NamedTuple):
    """What a call has found for a stream.

    Attributes:
        listing: The listing that it is a page of.
        items: The objects as they came.
        is_last: Whether no page follows.
    """

    listing: Listing
    items: Sequence[Item]
    is_last: bool


class Reading:
    """One pass over the objects of a stream.

    Attributes:
        stream: The stream.
        chain: The reads that lead to its objects.
        lane: Its calls, and the pages that they find.
        outcomes: What became of each unit that it has come to.
        lacks_scopes: Whether there are accounts or regions that could not be opened.
    """

    def __init__(self, stream: str, read: Read, lane: Lane[Page]) -> None:
        """Begin with nothing."""
        self.stream, self.chain, self.lane = stream, read.chain, lane
        self.outcomes: dict[Unit, Outcome] = {}
        self.lacks_scopes = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out so far."""
        outcomes = list(self.outcomes.values())
        return not self.lacks_scopes and all(outcome.is_whole for outcome in outcomes)

    def child_of(self, listing: Listing) -> Read | None:
        """Return what is called for the objects of a listing, None if they are the stream's."""
        depth = listing.depth + 1
        return self.chain[depth] if depth < len(self.chain) else None

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
            told += f", {counted(repeated, 'object')} dropped that were listed twice"
        return told

    def __iter__(self) -> Iterator[tuple[Context, Item]]:
        """Yield the objects as their pages arrive, each with where it was found.

        Raises:
            TapError: What ends the run.
        """
        for page in self.lane:
            yield from page.listing.objects(page.items, is_last=page.is_last)
