"""The pool: all is done, in the order of the lanes, within bounds, and nothing hangs."""

from __future__ import annotations

import threading
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SECONDS, in_time, workers
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_glue_metadata.engine.pool import Lane, Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.usefixtures("no_worker_survives")

Tree = list[Any]
TREES: st.SearchStrategy[Tree] = st.recursive(st.just([]), st.lists, max_leaves=12)


class Oops(Exception):  # noqa: N818 - no error of the package has this name
    pass


@pytest.fixture
def make_pool() -> Iterator[Callable[[int], Pool[Any]]]:
    pools: list[Pool[Any]] = []

    def make(workers: int) -> Pool[Any]:
        pools.append(Pool(workers))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def drain(lane: Lane[Any]) -> list[Any]:
    return in_time(lambda: list(lane))


def grow(lane: Lane[Any], tree: Tree, depth: int = 0) -> None:
    """Submit a task that hands its depth over, and leads to one for each branch."""

    def task() -> None:
        lane.put(depth)
        for branch in tree:
            grow(lane, branch, depth + 1)

    lane.submit(depth, task)


def depths(tree: Tree, depth: int = 0) -> list[int]:
    return sorted([depth, *(found for branch in tree for found in depths(branch, depth + 1))])


def endless(lane: Lane[Any], done: list[int]) -> None:
    """Submit a task that leads to the next one for ever, and note how many were done."""

    def task() -> None:
        done.append(len(done))
        lane.put(len(done))
        endless(lane, done)

    lane.submit(0, task)


def fail(error: BaseException) -> Any:
    raise error


def put_thread(lane: Lane[Any]) -> None:
    lane.put(threading.current_thread())


@given(st.lists(TREES, max_size=4), st.integers(1, 9))
@settings(max_examples=50)
def test_every_result_comes_once_in_its_own_lane(forest: list[Tree], workers: int) -> None:
    pool: Pool[int] = Pool(workers)
    lanes = [pool.lane() for _ in forest]
    for lane, tree in zip(lanes, forest, strict=True):
        grow(lane, tree)
    for lane, tree in zip(lanes, forest, strict=True):
        assert sorted(drain(lane)) == depths(tree)
        lane.close()
    pool.close()


def test_a_lane_without_tasks(make_pool: Callable[[int], Pool[Any]]) -> None:
    before = workers()
    assert drain(make_pool(3).lane()) == []
    assert workers() <= before


def test_workers_work_at_the_same_time(make_pool: Callable[[int], Pool[Any]]) -> None:
    meeting, lane = threading.Barrier(4), make_pool(4).lane()
    for _ in range(4):
        lane.submit(0, lambda: lane.put(meeting.wait(SECONDS)))
    assert sorted(drain(lane)) == [0, 1, 2, 3]


def test_no_more_workers_than_asked_for(make_pool: Callable[[int], Pool[Any]]) -> None:
    pool = make_pool(3)
    lanes = [pool.lane() for _ in range(20)]
    for lane in lanes:
        for _ in range(20):
            lane.submit(0, partial(put_thread, lane))
    threads = set()
    for lane in lanes:
        threads |= {*drain(lane)}
        lane.close()
    assert 0 < len(threads) <= 3


def test_fewer_threads_than_asked_for_will_do(
    make_pool: Callable[[int], Pool[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lane, start, before = make_pool(4).lane(), threading.Thread.start, workers()

    def start_one(thread: threading.Thread) -> None:
        if workers() - before:
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start_one)
        for number in range(20):
            lane.submit(0, partial(lane.put, number))
    assert sorted(drain(lane)) == [*range(20)]


def test_lanes_in_order_and_the_deepest_first(make_pool: Callable[[int], Pool[Any]]) -> None:
    pool, gate = make_pool(1), threading.Event()
    first, second = pool.lane(), pool.lane()
    done: list[str] = []
    first.submit(9, lambda: None if gate.wait(SECONDS) else fail(Oops()))
    second.submit(2, partial(done.append, "second, depth 2"))
    for depth in (0, 2, 1):
        first.submit(depth, partial(done.append, f"first, depth {depth}"))
    gate.set()
    assert drain(first) == drain(second) == []
    assert done == ["first, depth 2", "first, depth 1", "first, depth 0", "second, depth 2"]


# Bounds


@pytest.mark.parametrize("size", [1, 4])
def test_no_more_is_done_than_is_read(make_pool: Callable[[int], Pool[Any]], size: int) -> None:
    lane, done = make_pool(size).lane(), list[int]()
    for _ in range(size):
        endless(lane, done)
    for read in range(1, 200):
        assert next(iter(lane)) > 0
        assert len(done) <= read + 2 * size


def test_lanes_behind_are_done_ahead_a_little(make_pool: Callable[[int], Pool[Any]]) -> None:
    pool = make_pool(2)
    front, *others = (pool.lane() for _ in range(10))
    done: list[list[int]] = [[] for _ in others]
    for lane, own in zip(others, done, strict=True):
        endless(lane, own)
    for number in range(100):
        front.submit(0, partial(front.put, number))
    # Full lanes behind do not hold up the one in front.
    assert sorted(drain(front)) == [*range(100)]
    assert max(map(len, done)) <= 4
    front.close()
    assert in_time(lambda: len([*islice(others[0], 50)])) == 50


# Errors


def test_an_error_comes_after_what_came_before_it(make_pool: Callable[[int], Pool[Any]]) -> None:
    lane, read = make_pool(1).lane(), list[int]()
    for number in range(2):
        lane.submit(0, partial(lane.put, number))
    lane.submit(0, partial(fail, Oops("5")))
    with pytest.raises(Oops, match="5"):
        in_time(lambda: read.extend(lane))
    assert read == [0, 1]


def test_an_error_ends_its_own_lane_alone(make_pool: Callable[[int], Pool[Any]]) -> None:
    pool, done = make_pool(4), list[int]()
    lanes = [pool.lane() for _ in range(3)]
    for lane in lanes:
        grow(lane, [[[]], []])
    endless(lanes[1], done)
    lanes[1].submit(0, partial(fail, Oops()))
    assert sorted(drain(lanes[0])) == [0, 1, 1, 2]
    lanes[0].close()
    with pytest.raises(Oops):
        drain(lanes[1])
    lanes[1].close()
    assert sorted(drain(lanes[2])) == [0, 1, 1, 2]


def test_the_first_error_counts(make_pool: Callable[[int], Pool[Any]]) -> None:
    lane, gate = make_pool(2).lane(), threading.Event()
    lane.submit(0, lambda: fail(Oops("second" if gate.wait(SECONDS) else "never")))
    lane.submit(0, partial(fail, Oops("first")))
    for _ in range(2):
        with pytest.raises(Oops, match="first"):
            drain(lane)
        gate.set()


def test_an_exit_is_raised(make_pool: Callable[[int], Pool[Any]]) -> None:
    lane = make_pool(2).lane()
    lane.submit(0, partial(fail, SystemExit(3)))
    with pytest.raises(SystemExit):
        drain(lane)


# Ends


def test_a_lane_that_is_closed_leaves_its_place(make_pool: Callable[[int], Pool[Any]]) -> None:
    pool, done = make_pool(2), list[int]()
    first, second = pool.lane(), pool.lane()
    endless(first, done)
    assert in_time(lambda: [*islice(first, 50)])
    first.close()
    for number in range(50):
        second.submit(0, partial(second.put, number))
    assert sorted(drain(second)) == [*range(50)]
    assert drain(first) == []


def test_closing_does_not_wait_for_what_is_under_way(
    make_pool: Callable[[int], Pool[Any]],
) -> None:
    lane, gate, begun = make_pool(1).lane(), threading.Event(), threading.Event()

    def task() -> None:
        begun.set()
        assert gate.wait(SECONDS)
        lane.put(1)
        lane.submit(0, partial(fail, Oops()))

    lane.submit(0, task)
    assert begun.wait(SECONDS)
    in_time(lane.close)
    gate.set()
    assert drain(lane) == []


def test_a_pool_that_is_closed_leaves_the_rest(make_pool: Callable[[int], Pool[Any]]) -> None:
    pool, done = make_pool(4), list[int]()
    lanes = [pool.lane() for _ in range(3)]
    for lane in lanes:
        for _ in range(3):
            endless(lane, done)
    assert in_time(lambda: [*islice(lanes[0], 9)])
    pool.close()
    # no_worker_survives


def test_a_lane_waits_for_what_another_one_leads_to(
    make_pool: Callable[[int], Pool[Any]],
) -> None:
    pool = make_pool(1)
    first, second = pool.lane(), pool.lane()
    second.hold()

    def task() -> None:
        second.submit(0, partial(second.put, "led to"))
        second.release()

    first.submit(0, task)
    assert drain(second) == ["led to"]


def test_a_lane_waits_for_what_does_not_come(make_pool: Callable[[int], Pool[Any]]) -> None:
    pool = make_pool(1)
    first, second = pool.lane(), pool.lane()
    second.hold()
    first.submit(0, second.release)
    assert drain(second) == []
    assert drain(first) == []


def test_few_heavy_results_wait(make_pool: Callable[[int], Pool[Any]]) -> None:
    """Room is for two light results a worker."""
    pool, put = make_pool(4), list[int]()
    lane = pool.lane()

    def task(number: int) -> None:
        put.append(number)
        lane.put(number, 100)

    for number in range(50):
        lane.submit(0, partial(task, number))

    def most() -> int:
        return max(len(put) - read for read, _ in enumerate(lane))

    # Nothing is known of the weight before the first results, and all four workers may begin.
    assert in_time(most) <= 5  # those, and the one that is read
    assert sorted(put) == [*range(50)]


def test_tasks_that_come_late_are_done_too(make_pool: Callable[[int], Pool[Any]]) -> None:
    lane = make_pool(3).lane()
    for number in range(20):
        lane.submit(0, partial(lane.put, number))
        assert drain(lane) == [number]
