from __future__ import annotations

import threading
import time
from collections.abc import Generator
from itertools import count, islice
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_glue_metadata.fan_out import fan_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

SECONDS = 10  # the most that a test waits for what should come at once


class Oops(Exception):  # noqa: N818 - no error of the package has this name
    pass


@pytest.fixture(autouse=True)
def no_thread_survives() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert not left_over(before)


def left_over(before: set[threading.Thread]) -> set[threading.Thread]:
    """Return the threads that are new, once none is or time is up."""
    deadline = time.monotonic() + SECONDS
    while (new := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    return new


def in_time(results: Iterable[T]) -> list[T]:
    """Drain an iterator in a thread that may not hang."""
    drained: list[T] = []
    errors: list[BaseException] = []

    def drain() -> None:
        try:
            drained.extend(results)
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    thread = threading.Thread(target=drain, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive()
    if errors:
        raise errors[0]
    return drained


def close(results: Iterator[int]) -> None:
    assert isinstance(results, Generator)
    results.close()


def twice(item: int) -> Iterator[int]:
    yield item
    yield item


@given(st.lists(st.integers(0, 4)), st.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_every_result_comes_once(sizes: list[int], workers: int) -> None:
    def work(item: tuple[int, int]) -> list[tuple[int, int]]:
        index, size = item
        return [(index, result) for result in range(size)]

    results = in_time(fan_out(work, enumerate(sizes), workers=workers))
    assert sorted(results) == [(i, r) for i, size in enumerate(sizes) for r in range(size)]


def test_no_items() -> None:
    assert in_time(fan_out(twice, [], workers=3)) == []


def test_workers_work_at_the_same_time() -> None:
    meeting = threading.Barrier(4)
    results = fan_out(lambda _: [meeting.wait(SECONDS)], range(4), workers=4)
    assert sorted(in_time(results)) == [0, 1, 2, 3]


def test_no_more_workers_than_asked_for() -> None:
    workers: set[str] = set()

    def work(item: int) -> list[int]:
        workers.add(threading.current_thread().name)
        return [item]

    in_time(fan_out(work, range(200), workers=3))
    assert len(workers) <= 3


def test_nothing_starts_before_the_first_result_is_asked_for() -> None:
    started = False

    def items() -> Iterator[int]:
        nonlocal started
        started = True
        yield 0

    before = threading.active_count()
    results = fan_out(twice, items(), workers=2)
    assert threading.active_count() == before
    close(results)
    assert not started


def test_items_are_drawn_as_they_are_needed() -> None:
    drawn = 0

    def items() -> Iterator[int]:
        nonlocal drawn
        for item in count():
            drawn += 1
            yield item

    results = fan_out(lambda item: [item], items(), workers=2)
    assert len(list(islice(results, 100))) == 100
    # One in the hands of each worker, one for each in the queue.
    assert drawn <= 100 + 2 + 2
    close(results)


def test_results_are_drawn_as_they_are_needed() -> None:
    drawn = 0

    def work(_: int) -> Iterator[int]:
        nonlocal drawn
        for result in count():
            drawn += 1
            yield result

    results = fan_out(work, [0], workers=2)
    assert len(list(islice(results, 100))) == 100
    assert drawn <= 100 + 1 + 2
    close(results)


def test_an_error_in_the_work_is_raised() -> None:
    def work(item: int) -> Iterator[int]:
        yield item
        if item == 5:
            raise Oops(item)

    with pytest.raises(Oops, match="5"):
        in_time(fan_out(work, count(), workers=3))


def test_an_error_in_the_items_is_raised_once() -> None:
    def items() -> Iterator[int]:
        yield 0
        raise Oops

    results = fan_out(lambda item: [item], items(), workers=3)
    with pytest.raises(Oops):
        in_time(results)
    assert in_time(results) == []


def test_an_error_of_every_worker_is_raised_once() -> None:
    def work(_: int) -> list[int]:
        raise Oops

    results = fan_out(work, range(100), workers=8)
    with pytest.raises(Oops):
        in_time(results)
    assert in_time(results) == []


def test_an_exit_in_the_work_is_raised() -> None:
    def work(_: int) -> list[int]:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        in_time(fan_out(work, [0], workers=2))


@pytest.mark.parametrize("taken", [1, 50])
def test_closing_ends_the_workers(taken: int) -> None:
    results = fan_out(twice, count(), workers=4)
    assert len(list(islice(results, taken))) == taken
    close(results)
    # no_thread_survives


def stacked(items: Iterable[int]) -> Iterator[int]:
    return fan_out(twice, fan_out(twice, fan_out(twice, items, workers=3), workers=1), workers=4)


def test_stacked_calls_are_complete() -> None:
    assert sorted(in_time(stacked(range(100)))) == sorted([*range(100)] * 8)


def test_closing_stacked_calls_ends_the_workers_of_each() -> None:
    results = stacked(count())
    assert len(list(islice(results, 50))) == 50
    close(results)
    # no_thread_survives


def test_an_error_below_ends_stacked_calls() -> None:
    def items() -> Iterator[int]:
        yield from range(10)
        raise Oops

    with pytest.raises(Oops):
        in_time(stacked(items()))


def test_an_error_above_ends_the_workers_of_each_stacked_call() -> None:
    before = set(threading.enumerate())

    def work(item: int) -> list[int]:
        raise Oops(item)

    with pytest.raises(Oops) as caught:
        in_time(fan_out(work, stacked(count()), workers=2))
    # The error that is still at hand keeps nothing alive.
    assert not left_over(before)
    assert caught.value.args
