"""The traversal: from accounts and regions, along the chains of reads, to the objects of streams.

Each stream has a *reading*. Its listings begin at the scopes; each object that is found on the way
leads to listings of the next read in the chain, and those of the last read are the stream's. All
calls of a run go through one pool.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.aws.errors import AbsentError, DeniedError, TapError
from tap_glue_metadata.engine.calls import Calls
from tap_glue_metadata.engine.context import Context
from tap_glue_metadata.engine.listing import Listing
from tap_glue_metadata.engine.outcomes import Unit
from tap_glue_metadata.engine.parents import ParentCache
from tap_glue_metadata.engine.pool import Pool
from tap_glue_metadata.engine.reading import Page, Reading
from tap_glue_metadata.engine.tolerance import Tolerance

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tap_glue_metadata.aws.clients import Clients
    from tap_glue_metadata.aws.scopes import Scope
    from tap_glue_metadata.engine.context import Item
    from tap_glue_metadata.engine.outcomes import Outcomes
    from tap_glue_metadata.engine.parents import Parents
    from tap_glue_metadata.engine.read import Again, Call, Read
    from tap_glue_metadata.engine.selection import Selection

_PAGE: Final = 100  # as many as Glue lists at once, so that as few calls wait as behind a page


class Traversal:
    """Reads what streams declare, in all scopes of a run."""

    def __init__(
        self,
        scopes: Collection[Scope],
        clients: Clients,
        selection: Selection,
        outcomes: Outcomes,
        workers: int,
    ) -> None:
        """Set out; nothing is called yet.

        Args:
            scopes: Where to read.
            clients: Their clients.
            selection: What the settings select.
            outcomes: Where issues are noted.
            workers: The most calls in flight.
        """
        self.scopes, self.clients, self.selection = scopes, clients, selection
        self.outcomes = outcomes
        self._tolerance = Tolerance(scopes, outcomes)
        self._pool: Pool[Page] = Pool(workers)
        self._calls = Calls(clients, self._tolerance, self._pool.lock)
        self._cache = ParentCache()

    def begin(
        self,
        plan: Sequence[tuple[str, Read]],
        again: Mapping[str, Sequence[Again]] = MappingProxyType({}),
    ) -> list[Reading]:
        """Begin to read for streams, in their order; for later ones as far as workers idle.

        Args:
            plan: The streams, each with what it reads.
            again: The second looks at the objects of streams.

        Returns:
            Their readings.
        """
        self.outcomes.streams += [stream for stream, _ in plan]
        with self._pool.lock:
            self._cache.expect(plan)
        readings = [
            Reading(stream, read, self._pool.lane(), again.get(stream, ())) for stream, read in plan
        ]
        for reading in readings:
            # As a task: what is not to be tolerated is raised where the stream is read.
            self._submit(reading, 0, self._set_out)
        return readings

    def end(self, reading: Reading) -> None:
        """Drop what is left of a reading."""
        reading.lane.close()
        self._abandon(reading)

    def close(self) -> None:
        """Let the workers end after the call that they are in."""
        self._pool.close()

    def finish(self) -> None:
        """End the run, and sum it up.

        Raises:
            AwsError: Everything was denied.
        """
        self.close()
        self.outcomes.finish()

    def by_scope(
        self, tell: Callable[[Scope, Sequence[Read]], str], chain: Sequence[Read]
    ) -> dict[Unit, str]:
        """Return what tells something of what is selected, by account and region.

        Args:
            tell: What tells it: the selection's `extent` or `unit_extent`.
            chain: The reads that lead to a stream's objects.
        """
        return {Unit(s.account_id, s.region): tell(s, chain) for s in self.scopes}

    def unmatched_patterns(self, reading: Reading) -> bool:
        """Warn of the patterns that have matched nothing.

        Args:
            reading: A reading that has come to its end, and lacks nothing.

        Returns:
            Whether one of them names what to read: a typo must not look like a deletion.
        """
        names_nothing = False
        for read in reading.chain:
            for setting, pattern in self.selection.idle(read.patterns) if read.patterns else ():
                includes = setting.startswith("include_")
                names_nothing |= includes
                self.outcomes.warn(
                    f"Setting '{setting}': {pattern!r} matched none of the {read.patterns}"
                    + ("; nothing is announced as deleted" if includes else "")
                )
        return names_nothing

    def _set_out(self, reading: Reading) -> None:
        reading.unopened = self.outcomes.skip_unopened(reading.stream)
        for scope in self.scopes:
            self._open(reading, Context(scope, is_listed=False), reading.chain[-1])

    def _open(
        self, reading: Reading, context: Context, target: Read, depth: int = 0, **special: Any
    ) -> None:
        """Begin a listing: call for its first page, or take over what another stream finds."""
        of = reading.stream, target.chain[depth], context, reading.outcome_of(context)
        listing = Listing(*of, self.selection, target=target, **special)
        child = listing.child
        with self._pool.lock:
            if reading.lane.is_dead:
                return
            listing.outcome.listings += 1
        if child is not None and child.with_parent:
            inner = context.bind({}, child, is_listed=context.is_listed)
            self._open(reading, inner, target, depth + 1)
        with self._pool.lock:
            if child is not None and (parents := self._cache.of(listing, child)):
                reading.lane.hold()
                parents.when_found(partial(self._go_on, reading, listing, parents))
                return
            listing.feeds = list(self._cache.feed(listing))
        self._submit(reading, listing.depth, self._call, listing, None)

    def _go_on(self, reading: Reading, listing: Listing, parents: Parents) -> None:
        """Go on where another stream has found the parents."""
        if parents.calls is not None:
            self._submit(reading, listing.depth, self._take_over, listing, parents, 0)
        else:
            self._submit(reading, listing.depth, self._call, listing, None)
        reading.lane.release()

    def _take_over(self, reading: Reading, listing: Listing, parents: Parents, start: int) -> None:
        """Open what some of the parents lead to; what that leads to is done before the rest."""
        calls = (parents.calls or ())[start : start + _PAGE]
        self._lead(reading, listing, calls)
        if len(calls) == _PAGE:
            self._submit(reading, listing.depth, self._take_over, listing, parents, start + _PAGE)
            return
        if parents.error is not None:
            self._tolerance.tolerate(listing, parents.error)
        self._end(reading, listing, parents.error)

    def _submit(self, reading: Reading, depth: int, do: Callable[..., None], *args: Any) -> None:
        """Have a worker do something for a reading."""

        def task() -> None:
            try:
                do(reading, *args)
            except BaseException as error:  # noqa: BLE001 - handed to the reader, who raises it
                reading.lane.fail(error)
                self._abandon(reading)  # no other stream is to wait for what it was about to find

        reading.lane.submit(depth, task)

    def _abandon(self, reading: Reading) -> None:
        with self._pool.lock:
            self._cache.abandon(reading.stream)

    def _call(self, reading: Reading, listing: Listing, token: str | None) -> None:
        """Call for a page; what follows from it are tasks of their own."""
        error: TapError | None = None
        items: list[Item] = []
        is_first, is_parent, read = token is None, listing.is_parent, listing.read
        try:
            if not (is_parent and listing.known and listing.known.is_all):
                items, token = self._calls.page(listing, token)
                self.outcomes.has_answered |= not is_parent
        except TapError as failure:
            if read.instead and is_first and isinstance(failure, (AbsentError, DeniedError)):
                self._open_instead(reading, listing, failure)
                return
            error, token = failure, None
            items, can_be_read = self._calls.recover(listing, failure)
            self.outcomes.has_answered |= can_be_read
        if token is not None and is_first and listing.can_be_split:
            for params in read.split:
                self._open(reading, listing.context, read, listing.depth, params=params)
            self._end(reading, listing, error)
            return
        self._arrive(reading, listing, items, is_last=token is None)
        if token is None:
            self._end(reading, listing, error)
        else:
            self._submit(reading, listing.depth, self._call, listing, token)

    def _open_instead(self, reading: Reading, listing: Listing, error: TapError) -> None:
        """Begin the listings that take the place of one that is denied."""
        self.outcomes.warn(f"{listing.context.scope}: {error}. {listing.read.told_instead}")
        for read in listing.read.instead:
            self._open(reading, listing.context, read)
        self._end(reading, listing, None)

    def _arrive(
        self, reading: Reading, listing: Listing, items: Sequence[Item], *, is_last: bool
    ) -> None:
        """Hand a page to the stream, or go on from what is on it."""
        child = listing.child
        reads = filter(None, {child, *(read for read, _ in listing.feeds)})
        onward = {read: read.calls(listing.onward(read, items, is_last=is_last)) for read in reads}
        with self._pool.lock:
            for read, parents in listing.feeds:
                parents.add(onward[read])
        if child is None:
            self._deliver(reading, listing, items, is_last=is_last)
        else:
            self._lead(reading, listing, onward[child])

    def _deliver(
        self,
        reading: Reading,
        listing: Listing,
        items: Sequence[Item],
        *,
        is_last: bool,
        looks: int = 0,
    ) -> None:
        """Hand a page to the stream; what takes a second look follows after that."""
        for done, again in enumerate(reading.again[looks:], looks + 1):
            items, inner = listing.again(again.read, items)
            for second, seen in inner:
                with self._pool.lock:
                    listing.outcome.listings += 1
                self._submit(
                    reading, listing.depth + 1, self._look_again, listing, second, seen, done
                )
        with self._pool.lock:
            listing.outcome.unwritten += 1
        reading.lane.put(Page(listing, items, is_last=is_last), listing.weight)

    def _look_again(
        self, reading: Reading, listing: Listing, second: Listing, seen: list[Item], done: int
    ) -> None:
        """Take a second look at objects."""
        items = self._calls.look_again(listing, reading.again[done - 1], second, seen)
        self._deliver(reading, listing, items, is_last=False, looks=done)
        self._end(reading, listing, None)

    def _lead(self, reading: Reading, listing: Listing, calls: Sequence[Call]) -> None:
        """Open what objects lead to, and count them; those of a batch count when they are read."""
        listing.has_led |= bool(calls)
        child = listing.child
        if child is not None and child.bind:
            with self._pool.lock:  # values of one object may take several calls
                listing.outcome.parents += len({id(context) for context, _ in calls})
        for context, values in calls:
            self._open(reading, context, listing.target, listing.depth + 1, values=values)

    def _end(self, reading: Reading, listing: Listing, error: TapError | None) -> None:
        """End a listing: its last page has arrived, or it is done without."""
        with self._pool.lock:
            if listing.outcome.end_listing():
                reading.ended.append(listing.outcome)
            for _, parents in listing.feeds:
                parents.finish(error)
        if error is None and not listing.has_led and listing.is_parent:
            self.outcomes.has_answered = True  # that there is nothing is an answer too
