"""Parents that one stream has found, kept for the streams that have the same parents.

So databases are listed once for each catalog and run, however many streams are read from them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_glue_metadata.aws.errors import TapError
    from tap_glue_metadata.context import Context
    from tap_glue_metadata.read import Read

    class Listing(Protocol):
        """What of a listing counts here."""

        stream: str
        read: Read
        context: Context

    Link: TypeAlias = tuple[Read, tuple[tuple[str, str], ...]]

_MOST_CONTEXTS: Final = 50_000  # of half a kilobyte each; what is beyond is listed again


class Parents:
    """What one listing leads to: the contexts of the calls for its objects.

    Attributes:
        stream: The stream that lists them, or will.
        contexts: The contexts so far; None if they are not kept.
        error: Why the listing is not whole, if it is not.
        is_begun: Whether it is being called for.
        is_found: Whether the listing has ended.
    """

    def __init__(self, cache: ParentCache, stream: str) -> None:
        """Begin with none."""
        self.stream = stream
        self.contexts: list[Context] | None = []
        self.error: TapError | None = None
        self.is_begun = False
        self.is_found = False
        self._cache = cache
        self._waiting: list[Callable[[], None]] = []

    def add(self, contexts: Iterable[Context]) -> None:
        """Keep more contexts, or none at all if that would take too much memory."""
        found = list(contexts)
        if self.contexts is not None and self._cache.takes(len(found)):
            self.contexts += found
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
        self.contexts = None
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
        self._left = _MOST_CONTEXTS
        self._order: list[str] = []
        self._ended: set[str] = set()
        self._needed: Counter[Link] = Counter()
        self._children: dict[Link, Read] = {}
        self._listers: dict[Link, str] = {}
        self._found: dict[tuple[object, ...], Parents] = {}

    def expect(self, plan: Iterable[tuple[str, Read]]) -> None:
        """Note what streams will be read: only what two of them need is kept.

        Args:
            plan: The streams in their order, each with what it reads.
        """
        owns = dict(plan)
        self._order += owns
        self._ended -= owns.keys()
        for read in owns.values():
            for parent, child in zip(read.chain, read.chain[1:], strict=False):
                if child.each is None:
                    self._needed[_link(parent, child)] += 1
                    self._children.setdefault(_link(parent, child), child)
        for stream, read in owns.items():
            for link in self._needed:
                if link[0] is read:  # the stream lists for itself what others list as parents
                    self._needed[link] += 1
                    self._listers.setdefault(link, stream)

    def of(self, listing: Listing, child: Read) -> Parents | None:
        """Return what a listing leads to, if another stream has found it, or is about to.

        Args:
            listing: A listing of parents.
            child: What is to be called for them.

        Returns:
            What was found, or will be; None if the listing has to call for itself.
        """
        key, link = _key(listing, child), _link(listing.read, child)
        lister = self._listers.get(link)
        if key not in self._found and lister is not None and self._is_ahead(lister, listing.stream):
            self._found[key] = Parents(self, lister)
        return self._found.get(key)

    def _is_ahead(self, lister: str, stream: str) -> bool:
        """Tell whether a stream will surely list what another one needs, and before that one."""
        is_before = self._order.index(lister) < self._order.index(stream)
        return is_before and lister not in self._ended

    def feed(self, listing: Listing) -> Iterator[tuple[Read, Parents]]:
        """Begin to keep what a listing leads to, if another stream needs it.

        Args:
            listing: A listing that is about to be called for.

        Yields:
            A child read and where to keep the contexts of its calls.
        """
        for link, child in self._children.items():
            if link[0] is listing.read and self._needed[link] > 1:
                key = _key(listing, child)
                parents = self._found.setdefault(key, Parents(self, listing.stream))
                if not parents.is_begun and parents.stream == listing.stream:
                    parents.is_begun = True
                    yield child, parents

    def takes(self, number: int) -> bool:
        """Tell whether so many more contexts may be kept, and count them."""
        self._left -= number
        return self._left >= 0

    def abandon(self, stream: str) -> None:
        """Forget what a stream was to find and has not, when it ends."""
        self._ended.add(stream)
        for key, parents in list(self._found.items()):
            if parents.stream == stream and not parents.is_found:
                del self._found[key]
                parents.drop()


def _link(parent: Read, child: Read) -> Link:
    return parent, (*child.bind.items(), *child.carry.items(), ("", child.where))


def _key(listing: Listing, child: Read) -> tuple[object, ...]:
    return (*_link(listing.read, child), *listing.context.identity)
