"""docs/warehouse.md: each of its queries gives the answer below it, wherever the streams landed.

`make test-dbt ARGS=--snapshot-update` writes the answers anew.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from fake_aws import FakeAws
from singer import sync
from warehouses import GROUPS

from demo import catalog, etl, extra

if TYPE_CHECKING:
    from warehouses import Landing

pytest_plugins = ("landings",)

PAGE: Final = Path(__file__).parents[2] / "docs" / "warehouse.md"
QUESTION: Final = re.compile(r"(```sql\n(.*?)```\n).*?(?=\n## |\Z)", re.DOTALL)


@pytest.fixture
def built(landing: Landing) -> Landing:
    """Run the demo: a reading, a snapshot, a change, another reading, the models."""
    with FakeAws() as endpoint:
        catalog.fill(endpoint)
        etl.fill(endpoint.store())
        extra.fill(endpoint)
        settings = {
            "aws_endpoint_url": endpoint.url,
            "aws_regions": ["us-east-1"],
            "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
            "extra_streams": GROUPS,
        }
        landing.take(sync(settings).all)
        landing.build("+columns_snapshot")
        catalog.change(endpoint.store())
        catalog.deny(endpoint)
        landing.take(sync(settings).all)
    landing.build("+path:models/marts")
    return landing


def answered(text: str, landing: Landing) -> str:
    return QUESTION.sub(lambda match: f"{match[1]}\n{answer(match[2], landing)}", text)


def answer(sql: str, landing: Landing) -> str:
    headings, rows = landing.query(sql)
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(
        f"| {' | '.join('' if value is None else str(value) for value in line)} |\n"
        for line in lines
    )


def test_the_answers(built: Landing, pytestconfig: pytest.Config) -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = answered(text, built)
    if pytestconfig.option.update_snapshots:
        PAGE.write_text(found, encoding="utf-8")
    else:
        assert text == found
