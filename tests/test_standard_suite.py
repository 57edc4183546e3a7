"""The SDK's standard tests, and our own for what they do not notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sample
from fake_aws import FakeAws
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Iterator

# Filled in once the endpoint runs: the SDK's class is made when tests are collected.
CONFIG: dict[str, Any] = {"aws_regions": ["us-east-1"], "aws_endpoint_url": "http://127.0.0.1:9"}


def asks_for_denied(params: dict[str, Any]) -> bool:
    return "denied" in params["Names"]


@pytest.fixture(scope="module", autouse=True)
def _endpoint() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, FakeAws() as endpoint:
        sample.fill(endpoint)
        # So that there is an issue to tell.
        endpoint.fail("BatchGetWorkflows", "AccessDeniedException", when=asks_for_denied)
        endpoint.store().add("BatchGetWorkflows", {"Name": "denied"})
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setitem(CONFIG, "aws_endpoint_url", endpoint.url)
        yield


TestStandardSuite = get_tap_test_class(
    TapGlueMetadata,
    config=CONFIG,
    suite_config=SuiteConfig(max_records_limit=None),
)
