"""Parents that one stream has found, kept for the streams that have the same parents.

So databases are listed once for each catalog and run, however many streams are read from them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_glue_metadata.aws.errors import TapError
    from tap_glue_metadata.listing import Listing
    from tap_glue_metadata.read import Context, Read

    Link: TypeAlias = tuple[Read, tuple[tuple[str, str], ...]]

_MOST_CONTEXTS: Final = 50_000  # of half a kilobyte each; what is beyond is listed again


class Parents:
    """What one listing leads to: the contexts of the calls for its objects.

    Attributes:
        contexts: The contexts so far; None if they are not kept.
        error: Why the listing is not whole, if it is not.
        is_found: Whether the listing has ended.
    """

    def __init__(self, cache: ParentCache, owner: Listing) -> None:
        """Begin with none."""
        self.owner = owner
        self.contexts: list[Context] | None = []
        self.error: TapError | None = None
        self._cache = cache
        self.is_found = False
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
        self._needed: Counter[Link] = Counter()
        self._children: dict[Link, Read] = {}
        self._found: dict[tuple[object, ...], Parents] = {}

    def expect(self, reads: Iterable[Read]) -> None:
        """Note what streams will be read: only what two of them need is kept."""
        for read in reads:
            for parent, child in zip(read.chain, read.chain[1:], strict=False):
                if child.each is None:
                    self._needed[_link(parent, child)] += 1
                    self._children.setdefault(_link(parent, child), child)
        for link in self._needed:
            self._needed[link] += sum(read is link[0] for read in reads)

    def of(self, listing: Listing, child: Read) -> Parents | None:
        """Return what a listing leads to, if another one is about it or has found it.

        Args:
            listing: A listing of parents.
            child: What is to be called for them.

        Returns:
            What was found, or is being found; None if the listing has to call for itself.
        """
        key = _key(listing, child)
        return self._found.get(key)

    def feed(self, listing: Listing) -> Iterator[tuple[Read, Parents]]:
        """Begin to keep what a listing leads to, if another stream needs it.

        Args:
            listing: A listing that is about to be called for.

        Yields:
            A child read and where to keep the contexts of its calls.
        """
        for link, child in self._children.items():
            key = _key(listing, child)
            if link[0] is listing.read and self._needed[link] > 1 and key not in self._found:
                self._found[key] = Parents(self, listing)
                yield child, self._found[key]

    def takes(self, number: int) -> bool:
        """Tell whether so many more contexts may be kept, and count them."""
        self._left -= number
        return self._left >= 0

    def abandon(self, stream: str) -> None:
        """Forget what a stream was about to find, when it stops in the middle."""
        for key, parents in list(self._found.items()):
            if parents.owner.stream == stream and not parents.is_found:
                del self._found[key]
                parents.drop()


def _link(parent: Read, child: Read) -> Link:
    return parent, tuple(child.bind.items())


def _key(listing: Listing, child: Read) -> tuple[object, ...]:
    return (*_link(listing.read, child), *listing.context.identity)
