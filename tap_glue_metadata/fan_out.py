"""Bounded concurrency: the same work on many items, results as they come."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_POLL_SECONDS = 0.1  # how soon a worker that waits for room notices that nobody reads any more


def fan_out(
    work: Callable[[ItemT], Iterable[ResultT]], items: Iterable[ItemT], *, workers: int
) -> Iterator[ResultT]:
    """Do the work on each item in worker threads, and yield its results as they come.

    Items are drawn only as workers get free, and results wait in a bounded queue: memory stays
    flat however many there are. Their order is free. Calls may be stacked, the results of one
    being the items of the next. An error in the work or in the items ends the iteration at once
    and is raised here; closing the iterator ends the work likewise.

    Args:
        work: Gives the results for one item; runs in several threads.
        items: What to work on; iterated by one thread at a time.
        workers: How many threads work, at the most.

    Yields:
        The results.
    """
    crew = _Crew(work, iter(items), workers)
    try:
        yield from crew.results()
    finally:
        crew.stop()


class _Done:
    """A worker's last word: it found no more items, or failed."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class _Crew(Generic[ItemT, ResultT]):
    """The worker threads of one fan-out, and the queue between them and the reader."""

    def __init__(
        self,
        work: Callable[[ItemT], Iterable[ResultT]],
        items: Iterator[ItemT],
        workers: int,
    ) -> None:
        self._work = work
        self._items = items
        self._drawing = threading.Lock()
        self._queue: queue.Queue[ResultT | _Done] = queue.Queue(maxsize=workers)
        self._stopped = threading.Event()
        # Daemons: a run that was stopped does not wait for calls that are still in flight.
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(workers)]

    def results(self) -> Iterator[ResultT]:
        """Start the workers; yield what they put into the queue until all are done."""
        for thread in self._threads:
            thread.start()
        done = 0
        while done < len(self._threads):
            result = self._queue.get()
            if not isinstance(result, _Done):
                yield result
            elif result.error is not None:
                raise result.error
            else:
                done += 1

    def stop(self) -> None:
        """Let the workers end after the call that they are in."""
        self._stopped.set()

    def _run(self) -> None:
        try:
            self._work_off_items()
        except BaseException as error:  # noqa: BLE001 - handed to the reader, who raises it
            self._put(_Done(error))
            self.stop()
        else:
            self._put(_Done())
        if self._stopped.is_set():
            self._close_items()

    def _work_off_items(self) -> None:
        for item in self._drawn():
            for result in self._work(item):
                if not self._put(result):
                    return

    def _drawn(self) -> Iterator[ItemT]:
        """Draw the items that fall to this worker."""
        while not self._stopped.is_set():
            with self._drawing:
                try:
                    item = next(self._items)
                except StopIteration:
                    return
            yield item

    def _close_items(self) -> None:
        """End what the items come from, which may be a fan-out with workers of its own."""
        close = getattr(self._items, "close", None)
        if close is not None:
            with self._drawing:
                close()

    def _put(self, result: ResultT | _Done) -> bool:
        """Hand a result to the reader; tell whether anybody still reads."""
        while not self._stopped.is_set():
            try:
                self._queue.put(result, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False
