"""The calls of a traversal: one page of a listing, and what becomes of one that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_glue_metadata.aws.errors import (
    AwsError,
    GoneError,
    RefusedError,
    UnreadableError,
    reported,
    unreadable,
)
from tap_glue_metadata.engine.paths import search

if TYPE_CHECKING:
    import threading

    from tap_glue_metadata.aws.clients import Clients
    from tap_glue_metadata.aws.errors import TapError
    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.context import Item
    from tap_glue_metadata.engine.listing import Listing
    from tap_glue_metadata.engine.read import Again
    from tap_glue_metadata.engine.tolerance import Tolerance


class Calls:
    """Makes the calls of listings."""

    def __init__(self, clients: Clients, tolerance: Tolerance, lock: threading.RLock) -> None:
        """Begin; nothing is called yet.

        Args:
            clients: The clients of the scopes.
            tolerance: Decides what becomes of a listing that failed.
            lock: Guards the outcomes.
        """
        self._clients, self._tolerance, self._lock = clients, tolerance, lock

    def page(self, listing: Listing, token: str | None = None) -> tuple[list[Item], str | None]:
        """Call for a page.

        Args:
            listing: The listing.
            token: The page's token, None for the first page.

        Returns:
            The objects, and the token of the next page, None after the last one.

        Raises:
            TapError: The call failed.
        """
        answer = self._ask(listing, listing.values, token)
        items = self._items(listing, answer)
        return items, listing.next_token(answer, is_empty=not items)

    def recover(self, listing: Listing, error: TapError) -> tuple[list[Item], bool]:
        """Go on without what cannot be read.

        Args:
            listing: The listing.
            error: Why its call failed.

        Returns:
            What of a batch can be read one by one, and whether any of it can.

        Raises:
            TapError: The error, where it is to end the run.
        """
        values = listing.values or ()
        if isinstance(error, RefusedError):  # nothing is known of a scope that cannot be entered
            listing.known = None
        if len(values) < 2 or not isinstance(error, UnreadableError):  # noqa: PLR2004 - a batch
            self._tolerance.tolerate(listing, error, listing.name_of(*values[:1]))
            return [], False
        items: list[Item] = []
        errors: dict[str | None, UnreadableError] = {}
        for value in values:
            try:
                items += self._items(listing, self._ask(listing, [value]))
            except UnreadableError as failure:  # noqa: PERF203 - each object fails for itself
                errors[listing.name_of(value)] = failure
        can_be_read = len(errors) < len(values)
        if not can_be_read:  # not a matter of single objects
            errors = {None: error}
        for name, own_error in errors.items():
            self._tolerance.tolerate(listing, own_error, name)
        return items, can_be_read

    def look_again(
        self, listing: Listing, again: Again, second: Listing, seen: list[Item]
    ) -> list[Item]:
        """Take a second look at objects; what it cannot find stays as the listing has it.

        Args:
            listing: The objects' listing.
            again: The second look.
            second: What is called for it.
            seen: The objects; just one, where the second look has no batches.

        Returns:
            The objects, with what was found.

        Raises:
            TapError: The call failed, and that is to end the run.
        """
        found: list[Item] = []
        try:
            found, _ = self.page(second)
        except UnreadableError as error:
            if second.values:
                found, _ = self.recover(second, error)
            else:
                self._miss(listing, seen[0], error)
        except GoneError:  # of what a link leads to, the link is all that there is
            pass
        except AwsError as error:
            if second.context.scope == listing.context.scope:
                raise
            # Another region may not be enabled, or not to be reached from here.
            self._miss(listing, seen[0], unreadable(error))
        return again.merged(listing.read, seen, found)

    def _miss(self, listing: Listing, item: Item, error: TapError) -> None:
        self._tolerance.tolerate(listing, error, listing.name_of(listing.read.key_of(item)))

    def _ask(self, listing: Listing, values: list[Any] | None, token: str | None = None) -> Json:
        read, scope, outcome = listing.read, listing.context.scope, listing.outcome
        if (refusal := self._tolerance.refusal(scope)) is not None:
            raise refusal
        with self._clients.lent(scope, read.service) as client:
            request = listing.request(client, values, token)
            with self._lock:
                outcome.calls += 1
            answer = client.call(
                read.operation, request, lambda content: read.problem(content, request)
            )
        self._tolerance.accept(scope)
        with self._lock:
            outcome.retries += answer.retries
            outcome.throttled += answer.throttled
            outcome.replaced += answer.replaced
        listing.page_size = answer.size
        return answer.content

    def _items(self, listing: Listing, answer: Json) -> list[Item]:
        """Return the objects of an answer, and note those that it names as failed."""
        read = listing.read
        for failure in (search(read.failures, answer) or ()) if read.failures else ():
            error = reported(failure, read.action, str(listing.context.scope))
            if not isinstance(error, GoneError):
                self._tolerance.tolerate(listing, error, listing.name_of(failure["Name"]))
        return read.items_of(answer)
