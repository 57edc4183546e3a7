"""Memory is bounded, however much there is and however much of it is denied."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from conftest import sync

from tap_glue_metadata.aws.errors import AwsError
from tap_glue_metadata.engine.pool import Lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Json
    from fake_aws import FakeAws


@pytest.fixture
def many(endpoint: FakeAws) -> FakeAws:
    for number in range(400):
        endpoint.store().add_database(f"db_{number:03}")
    return endpoint


def test_what_is_denied_is_not_kept_with_its_call(many: FakeAws, settings: Json) -> None:
    """An error holds the answer, and by its traceback all that led to the call."""
    alive: list[int] = []

    def look(_: Json) -> None:
        if many.count("GetTables") == 400:
            gc.collect()
            alive.append(sum(isinstance(one, AwsError) for one in gc.get_objects()))

    many.fail("GetTables", "AccessDeniedException")
    many.meanwhile("GetTables", look, times=None)
    output = sync(settings, "databases", "tables", "extraction_issues")
    assert len(output.records("extraction_issues")) == 400
    assert alive
    assert max(alive) < 50


@pytest.mark.usefixtures("many")
def test_few_calls_wait_behind_parents_that_are_kept(
    settings: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, most = Lane.submit, 0

    def count(lane: Lane[object], depth: int, task: Callable[[], None]) -> None:
        nonlocal most
        submit(lane, depth, task)
        most = max(most, len(lane.tasks))

    monkeypatch.setattr(Lane, "submit", count)
    assert len(sync(settings, "databases", "tables").records("databases")) == 400
    assert 0 < most < 150
