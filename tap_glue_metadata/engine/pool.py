"""One pool of workers for a run: tasks of several lanes, and their results in a bounded queue.

A task is a call; what follows from its answer are tasks of their own. No worker ever waits for
another one, nor for a reader: a task is taken only while the queue of its lane has room. Tasks
wait in the order of the lanes, then deepest first, so that what waits is bounded by the answers in
hand. The lane in front has room of its own; each other one has what those between leave of as
much, and so is read ahead only where workers would idle.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ResultT = TypeVar("ResultT")

_ROOM_PER_WORKER = 2  # results that wait, or are on their way: one is read while one is fetched


class Lane(Generic[ResultT]):
    """The tasks of one reader, and their results. Made by `Pool.lane`."""

    def __init__(self, pool: Pool[ResultT]) -> None:
        """Begin with nothing to do."""
        self._pool = pool
        self.ready = threading.Condition(pool.lock)
        self.tasks: list[tuple[int, int, Callable[[], None]]] = []
        self.results: deque[tuple[ResultT, int]] = deque()
        self.waiting = 0
        self.weight = 1
        self.in_flight = 0
        self.held = 0
        self.error: BaseException | None = None
        self.is_closed = False

    @property
    def is_dead(self) -> bool:
        """Whether nothing is done any more, because of an error or since nobody reads."""
        return self.is_closed or self.error is not None

    @property
    def is_done(self) -> bool:
        """Whether no more results will come."""
        return self.error is not None or not (self.tasks or self.in_flight or self.held)

    @property
    def load(self) -> int:
        """How much waits, or is on its way, if that weighs as much as the last result."""
        return self.waiting + self.in_flight * self.weight

    def submit(self, depth: int, task: Callable[[], None]) -> None:
        """Add a task.

        Args:
            depth: How many tasks lead to it; the deepest are done first.
            task: What to do; it runs in a worker, and hands its results to `put`.
        """
        with self._pool.lock:
            if not self.is_dead:
                heapq.heappush(self.tasks, (-depth, next(self._pool.numbers), task))
                self._pool.wake()

    def hold(self) -> None:
        """Note that a task may follow from another lane's."""
        with self._pool.lock:
            self.held += 1

    def release(self) -> None:
        """Take a `hold` back, once its task is submitted or will not come."""
        with self._pool.lock:
            self.held -= 1
            self.ready.notify()

    def put(self, result: ResultT, weight: int = 1) -> None:
        """Hand a result to the reader.

        Args:
            result: The result.
            weight: How much of the room it takes, 1 or more.
        """
        with self._pool.lock:
            if not self.is_closed:
                self.results.append((result, weight))
                self.waiting += weight
                self.weight = weight
                self.ready.notify()

    def fail(self, error: BaseException) -> None:
        """Raise an error in the reader, after what has come so far; the first one counts."""
        with self._pool.lock:
            self.error = self.error or error
            self.tasks.clear()
            self.ready.notify()

    def close(self) -> None:
        """Drop what is left."""
        with self._pool.lock:
            self.is_closed = True
            self.tasks.clear()
            self.results.clear()
            self.waiting = 0
            if self in self._pool.lanes:
                self._pool.lanes.remove(self)
            self._pool.work.notify_all()  # another lane is in front now

    def __iter__(self) -> Iterator[ResultT]:
        """Yield the results as they come, in any order.

        Raises:
            BaseException: What a task raised.
        """
        while True:
            with self._pool.lock:
                while not self.results and not self.is_done:
                    self.ready.wait()
                if not self.results:
                    if self.error is not None:
                        raise self.error
                    return
                result, weight = self.results.popleft()
                self.waiting -= weight
                self._pool.work.notify()  # there is room now
            yield result


class Pool(Generic[ResultT]):
    """The workers of a run. Their threads start as there is work for them."""

    def __init__(self, workers: int) -> None:
        """Begin with no threads.

        Args:
            workers: The most threads that work.
        """
        self.lock = threading.RLock()
        self.work = threading.Condition(self.lock)
        self.lanes: list[Lane[ResultT]] = []
        self.numbers = itertools.count()
        self._room = workers * _ROOM_PER_WORKER
        self._workers = workers
        self._threads = 0
        self._idle = 0
        self._is_closed = False

    def lane(self) -> Lane[ResultT]:
        """Add a lane behind those that are there."""
        lane: Lane[ResultT] = Lane(self)
        with self.lock:
            self.lanes.append(lane)
        return lane

    def wake(self) -> None:
        """Have a worker look for a task; the lock is held."""
        if self._idle:
            self.work.notify()
        elif self._threads < self._workers and not self._is_closed:
            # A daemon: a run that was stopped does not wait for calls that are still in flight.
            thread = threading.Thread(target=self._run, daemon=True, name="tap-glue-metadata")
            try:
                thread.start()
            except RuntimeError:  # the system gives no more threads
                if not self._threads:
                    raise
            else:
                self._threads += 1

    def close(self) -> None:
        """Let the workers end after the task that they are in."""
        with self.lock:
            self._is_closed = True
            for lane in self.lanes:
                lane.tasks.clear()
            self.work.notify_all()

    def _run(self) -> None:
        while (found := self._take()) is not None:
            lane, task = found
            try:
                task()
            except BaseException as error:  # noqa: BLE001 - handed to the reader, who raises it
                lane.fail(error)
            del task, found  # what it holds is not to wait for the next one
            with self.lock:
                lane.in_flight -= 1
                if lane.is_done:
                    lane.ready.notify()

    def _take(self) -> tuple[Lane[ResultT], Callable[[], None]] | None:
        """Wait for a task that may be done; None if there will be none."""
        with self.lock:
            while not self._is_closed:
                lane = self._eligible()
                if lane is not None:
                    lane.in_flight += 1
                    task = heapq.heappop(lane.tasks)[2]
                    if self._eligible() is not None:
                        self.wake()
                    return lane, task
                self._idle += 1
                self.work.wait()
                self._idle -= 1
        return None

    def _eligible(self) -> Lane[ResultT] | None:
        """Give the first lane that has a task, and room for its result."""
        ahead = 0
        for index, lane in enumerate(self.lanes):
            load = lane.load if index == 0 else (ahead := ahead + lane.load)
            if lane.tasks and load < self._room:
                return lane
        return None
