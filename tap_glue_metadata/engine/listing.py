"""One listing on its way: the calls of one read in one context, page after page."""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.aws.errors import AwsError
from tap_glue_metadata.engine.paths import search

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from tap_glue_metadata.aws.client import Client
    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.context import Context, Item
    from tap_glue_metadata.engine.outcomes import Outcome
    from tap_glue_metadata.engine.parents import Parents
    from tap_glue_metadata.engine.read import Read
    from tap_glue_metadata.engine.selection import Selection

_MEGABYTE: Final = 1_000_000
_MOST_EMPTY_PAGES: Final = 1_000  # in a row; Glue filters what it has read, so some are ordinary


class _Neighbours:
    """Drops what came on the page before too: a listing that changes while it is read shifts."""

    def __init__(self) -> None:
        self.dropped = 0
        self._last: set[Hashable] = set()

    def fresh(self, read: Read, page: Iterable[Item]) -> Iterator[Item]:
        """Yield what was neither on the page before, nor on this one already."""
        keys: set[Hashable] = set()
        for item in page:
            key = read.key_of(item)
            if key is not None and (key in self._last or key in keys):
                self.dropped += 1
            else:
                keys.add(key)
                yield item
        if keys:
            self._last = keys


class Listing:
    """The calls of one read in one context, and where they have got to.

    Attributes:
        stream: The stream that it is read for.
        read: The read.
        context: What is bound.
        outcome: What becomes of the unit that it is part of.
        values: The values of the one call of a batch, else none.
        params: Parameters of the calls of this listing alone.
        depth: How many reads lead to it.
        known: The objects that are there whatever the listing says, if that can be told.
        target: The read whose objects are the stream's.
        child: What is called for the objects of the listing; None if they are the stream's.
        page_size: How many bytes the last answer had.
        has_led: Whether anything was found that leads on.
        feeds: Where contexts are kept that other streams need, each with the read they are for.
    """

    def __init__(  # noqa: PLR0913 - one argument for each thing that tells it from others
        self,
        stream: str,
        read: Read,
        context: Context,
        outcome: Outcome,
        selection: Selection,
        *,
        target: Read | None = None,
        values: list[Any] | None = None,
        params: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Begin the listing; nothing is called yet.

        Args:
            stream: The stream that it is read for.
            read: The read.
            context: What is bound.
            outcome: What becomes of the unit that it is part of.
            selection: What the settings select.
            target: The read whose objects are the stream's; by default, this one.
            values: The values of the one call of a batch.
            params: Parameters of the calls of this listing alone.
        """
        self.stream, self.read, self.context, self.outcome = stream, read, context, outcome
        self.values, self.params = values, params
        self.target = target or read
        self.depth = len(read.chain) - 1
        self.child = next(iter(self.target.chain[self.depth + 1 :]), None)
        self.known = read.known(selection, context.scope) if read.known else None
        self.page_size = 0
        self.has_led = False
        self.feeds: list[tuple[Read, Parents]] = []
        self._selection = selection
        self._known_keys = {read.key_of(item) for item in self.known.items} if self.known else ()
        self._listed: set[Hashable] = set()
        self._neighbours: defaultdict[Read | None, _Neighbours] = defaultdict(_Neighbours)
        self._tokens: set[int] = set()
        self._empty_pages = 0

    @property
    def is_parent(self) -> bool:
        """Whether its objects are called for, and are not the stream's own."""
        return self.child is not None

    @property
    def can_be_split(self) -> bool:
        """Whether what is more than a page can be listed side by side."""
        return bool(self.read.split) and not self.params and not self.is_parent

    @property
    def weight(self) -> int:
        """How much of a queue the last page takes: it may be a kilobyte or twenty megabytes."""
        return 1 + self.page_size // _MEGABYTE

    def name_of(self, value: Any = None) -> str | None:  # noqa: ANN401 - any JSON
        """Return what tells a single object of a batch in messages, such as `Workflows/nightly`."""
        if isinstance(value, (dict, list)):
            value = "/".join(map(str, value.values() if isinstance(value, dict) else value))
        return None if value is None else f"{self.read.items}/{value}"

    def again(
        self, read: Read, page: Sequence[Item]
    ) -> tuple[Sequence[Item], list[tuple[Listing, list[Item]]]]:
        """Tell which objects of a page take a second look.

        Args:
            read: The second look.
            page: What an answer holds.

        Returns:
            The objects that do not, and the calls for the others.
        """
        found = [item for item in page if self._takes_again(read, item)]
        if not found:  # most pages; what is large is not to be decoded as a whole
            return page, []
        rest = [item for item in page if not self._takes_again(read, item)]
        size = read.each.size if read.each else 1
        calls = []
        for start in range(0, len(found), size):
            items = found[start : start + size]
            context = self.context.bind(items[0], read, is_listed=True)
            values = [search(read.each.path, item) for item in items] if read.each else None
            second = Listing(
                self.stream, read, context, self.outcome, self._selection, values=values
            )
            calls.append((second, items))
        return rest, calls

    def _takes_again(self, read: Read, item: Item) -> bool:
        return read.wants(item) and any(self._selected([item]))

    def request(self, client: Client, values: list[Any] | None, token: str | None) -> Json:
        """Return the parameters of a call.

        Args:
            client: Whose model tells what the operation takes.
            values: The values of a batch.
            token: The page token, None for the first page.
        """
        read, takes = self.read, client.takes(self.read.operation)
        request = {m: value for m, value in self.context.bound.items() if m in takes}
        request |= read.params
        request |= self.params
        for member, setting in read.settings.items():
            if (value := self._selection.setting(setting)) is not None:
                request[member] = value
        if page_size := client.page_size(read.operation):
            request["MaxResults"] = page_size
        if read.each is not None:
            request[read.each.member] = values
        if token:
            request[read.token[0]] = token
        return request

    def next_token(self, answer: Mapping[str, Any], *, is_empty: bool) -> str | None:
        """Return the token of the next page, None if this is the last one.

        Args:
            answer: The answer as raw JSON.
            is_empty: Whether there is nothing on the page.

        Raises:
            AwsError: The listing would never end.
        """
        token: str | None = answer.get(self.read.token[1])
        if not token:
            return None
        # Hashes: there may be as many tokens as pages, and each may be long.
        if hash(token) in self._tokens:
            raise self._endless("the service repeated a page token, so the list would never end")
        self._tokens.add(hash(token))
        self._empty_pages = self._empty_pages + 1 if is_empty else 0
        if self._empty_pages > _MOST_EMPTY_PAGES:
            raise self._endless(f"{_MOST_EMPTY_PAGES} pages in a row had nothing on them")
        return token

    def objects(self, page: Iterable[Item], *, is_last: bool) -> Iterator[tuple[Context, Item]]:
        """Yield the objects of a page for the stream, each with its context, none twice.

        Args:
            page: What an answer holds.
            is_last: Whether no page follows; then what is known but was not listed comes too.

        Yields:
            The objects that the settings select.
        """
        neighbours = self._neighbours[None]
        before = neighbours.dropped
        for item in self._fresh(neighbours, page, is_last=is_last):
            context = self._placed(item)
            self.outcome.objects += 1
            self.outcome.elsewhere += context is not self.context
            yield context, item
        self.outcome.repeated += neighbours.dropped - before

    def onward(
        self, child: Read, page: Iterable[Item], *, is_last: bool
    ) -> Iterator[tuple[Context, Item]]:
        """Yield what a page leads to.

        Args:
            child: The read that is to be called for the objects.
            page: What an answer holds.
            is_last: As in `objects`.

        Yields:
            The context of the call for each object, and the object.
        """
        leads = self.read.leads
        for item in self._fresh(self._neighbours[child], page, is_last=is_last):
            if child.wants(item) and (leads is None or leads(self._selection, item)):
                is_listed = self.read.key_of(item) not in self._known_keys
                yield (
                    self._placed(item).bind(item, child, self.read.link, is_listed=is_listed),
                    item,
                )

    def _fresh(
        self, neighbours: _Neighbours, page: Iterable[Item], *, is_last: bool
    ) -> Iterator[Item]:
        yield from neighbours.fresh(self.read, self._selected(page))
        if is_last and self.known is not None:
            for item in self.known.items:
                if self.read.key_of(item) not in self._listed:
                    yield item

    def _selected(self, page: Iterable[Item]) -> Iterator[Item]:
        """Yield the objects that the settings select, as they are to be read."""
        select = self.read.select
        for item in page:
            selected = item if select is None else select(self._selection, self.context, item)
            if selected is not None:
                if self.known is not None:
                    self._listed.add(self.read.key_of(selected))
                yield selected

    def _placed(self, item: Item) -> Context:
        place = self.read.place
        return self.context if place is None else place(self._selection, self.context, item)

    def _endless(self, problem: str) -> AwsError:
        error = AwsError(f"{self.read.action} in {self.context.scope} failed: {problem}; run again")
        error.action = self.read.action
        return error
