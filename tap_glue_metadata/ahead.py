"""Iteration that has begun before anybody asks for its items."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

ItemT = TypeVar("ItemT")


class Ahead(Generic[ItemT]):
    """Runs a generator up to its first item, in a thread of its own.

    What fills the queues that the generator reads from works on meanwhile, as far as they have
    room.
    """

    def __init__(self, items: Generator[ItemT, None, None]) -> None:
        """Begin.

        Args:
            items: The generator; from now on it is this object's.
        """
        self._items = items
        self._first: list[ItemT] = []
        self._error: BaseException | None = None
        # A daemon: a run that was stopped does not wait for calls that are still in flight.
        self._thread = threading.Thread(target=self._begin, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[ItemT]:
        """Yield all items, once.

        Raises:
            BaseException: What the generator raises.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        yield from self._first
        yield from self._items

    def close(self) -> None:
        """End the generator, as soon as it has got to its first item."""
        if self._thread.is_alive():
            threading.Thread(target=self._end, daemon=True).start()
        else:
            self._items.close()

    def _begin(self) -> None:
        try:
            self._first.append(next(self._items))
        except StopIteration:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the reader, who raises it
            self._error = error

    def _end(self) -> None:
        self._thread.join()
        self._items.close()
