"""Parents that one stream has found, kept for the streams that have the same parents.

So databases are listed once for each catalog and run, however many streams are read from them.
The first of these streams, in the order of the run, lists them, and the others wait for it. It
never waits for a later one, whose calls may have to wait until it has been read itself.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_glue_metadata.aws.errors import TapError
    from tap_glue_metadata.engine.context import Context
    from tap_glue_metadata.engine.read import Call, Each, Read

    class Listing(Protocol):
        """What of a listing counts here."""

        stream: str
        read: Read
        context: Context
        values: list[Any] | None

    Link: TypeAlias = tuple[Read, tuple[tuple[str, str], ...], Each | None]

_MOST_CALLS: Final = 50_000  # of half a kilobyte each; what is beyond is listed again
_VALUES_OF_A_CALL: Final = 8  # values of batches that take as much memory as a call


class Parents:
    """What one listing leads to: the calls for its objects.

    Attributes:
        stream: The stream that lists them, or will.
        calls: The calls so far; None if they are not kept.
        error: Why the listing is not whole, if it is not.
        is_begun: Whether it is being called for.
        is_found: Whether the listing has ended.
    """

    def __init__(self, cache: ParentCache, stream: str) -> None:
        """Begin with none."""
        self.stream = stream
        self.calls: list[Call] | None = []
        self.error: TapError | None = None
        self.is_begun = False
        self.is_found = False
        self._cache = cache
        self._waiting: list[Callable[[], None]] = []

    def add(self, calls: Sequence[Call]) -> None:
        """Keep more calls, or none at all if that would take too much memory."""
        if self.calls is not None and self._cache.takes(calls):
            self.calls += calls
        else:
            self.drop()

    def finish(self, error: TapError | None) -> None:
        """End the listing.

        Args:
            error: Why it is not whole, if it is not.
        """
        self.error = error
        self.is_found = True
        self._tell()

    def drop(self) -> None:
        """Keep nothing: whoever waits lists by himself."""
        self.calls = None
        self.finish(None)

    def when_found(self, go_on: Callable[[], None]) -> None:
        """Call back when the listing has ended."""
        self._waiting.append(go_on)
        if self.is_found:
            self._tell()

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for go_on in waiting:
            go_on()


class ParentCache:
    """The parents of a run that more than one stream needs. Used under the lock of the pool."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._left = _MOST_CALLS
        self._listed_by: defaultdict[Read, list[str]] = defaultdict(list)
        self._needed_by: defaultdict[Link, dict[str, Read]] = defaultdict(dict)
        self._found: dict[tuple[object, ...], Parents] = {}

    def expect(self, plan: Iterable[tuple[str, Read]]) -> None:
        """Note what streams will be read: only what two of them need is kept.

        Args:
            plan: The streams in their order, each with what it reads.
        """
        for stream, read in plan:
            for parent in read.chain:
                self._listed_by[parent].append(stream)
            for parent, child in zip(read.chain, read.chain[1:], strict=False):
                self._needed_by[_link(parent, child)][stream] = child

    def of(self, listing: Listing, child: Read) -> Parents | None:
        """Return what a listing leads to, if another stream has found it, or is about to.

        Args:
            listing: A listing of parents.
            child: What is to be called for them.

        Returns:
            What was found, or will be; None if the listing has to call for itself.
        """
        key, lister = _key(listing, child), self._lister(listing)
        if lister != listing.stream:
            return self._found.setdefault(key, Parents(self, lister))
        parents = self._found.get(key)
        return parents if parents is not None and parents.is_found else None

    def feed(self, listing: Listing) -> Iterator[tuple[Read, Parents]]:
        """Begin to keep what a listing leads to, if another stream needs it.

        Args:
            listing: A listing that is about to be called for.

        Yields:
            A child read and where to keep its calls.
        """
        if self._lister(listing) != listing.stream:
            return
        for (parent, *_), children in self._needed_by.items():
            if parent is listing.read and children.keys() - {listing.stream}:
                child = next(iter(children.values()))
                key = _key(listing, child)
                parents = self._found.setdefault(key, Parents(self, listing.stream))
                if not parents.is_begun:
                    parents.is_begun = True
                    yield child, parents

    def takes(self, calls: Sequence[Call]) -> bool:
        """Tell whether more calls may be kept, and count them."""
        values = sum(len(values or ()) for _, values in calls)
        self._left -= len(calls) + values // _VALUES_OF_A_CALL
        return self._left >= 0

    def abandon(self, stream: str) -> None:
        """Expect no more of a stream, which has ended; what it has found is kept."""
        for streams in self._listed_by.values():
            if stream in streams:
                streams.remove(stream)
        for children in self._needed_by.values():
            children.pop(stream, None)
        for key, parents in list(self._found.items()):
            if parents.stream == stream and not parents.is_found:
                del self._found[key]
                parents.drop()

    def _lister(self, listing: Listing) -> str:
        """Name the stream that lists for the others: the first one that has not ended."""
        return next(iter(self._listed_by[listing.read]), listing.stream)


def _link(parent: Read, child: Read) -> Link:
    return parent, (*child.bind.items(), *child.carry.items(), ("", child.where)), child.each


def _key(listing: Listing, child: Read) -> tuple[object, ...]:
    return (*_link(listing.read, child), *listing.context.identity, str(listing.values))
