"""The resources of a policy are those that AWS documents, by the data of policy_sentry."""

from __future__ import annotations

import pytest
from conftest import ACCOUNT
from policy_sentry.querying.actions import get_action_data

from tap_glue_metadata.aws.policy import (
    _RESOURCES,
    PolicyPlace,
    checked_operations,
    iam_policy,
)
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES

PLACE = PolicyPlace("aws", "us-east-1", ACCOUNT, (ACCOUNT,))
# These are newer than that data, or name an ARN of another form; they are granted on `*`.
NEWER = {"GetAsset", "GetGlossaryTerm", "ListGlossaries", "ListGlossaryTerms", "SearchAssets"}
NEWER |= {"BatchGetDataQualityResult", "DescribeIntegrations"}
STREAMS = {
    read.operation
    for stream in (*STREAM_TYPES, *EXTRA_STREAM_TYPES)
    for read in stream.calls()
    if read.service == "glue"
} - NEWER


def documented(operation: str) -> set[str]:
    """Return the types of resource, as in `table/DATABASE/TABLE`; `*` where there are none."""
    rows = get_action_data("glue", operation)["glue"]
    names = {row["resource_arn_format"].split(":")[-1].partition("/")[0] for row in rows}
    return names - {"*"} or {"*"}


@pytest.mark.parametrize("operation", sorted(STREAMS | _RESOURCES.keys()))
def test_resources_of_an_operation(operation: str) -> None:
    document = iam_policy([operation], [PLACE])
    (statement,) = (s for s in document["Statement"] if f"glue:{operation}" in s["Action"])
    arns = statement["Resource"]  # a list, or `*`
    assert {arn.split(":")[-1].partition("/")[0] for arn in arns} == documented(operation)


@pytest.mark.parametrize("operation", sorted(STREAMS | _RESOURCES.keys()))
def test_actions_that_depend_on_others(operation: str) -> None:
    rows = get_action_data("glue", operation)["glue"]
    needed = {action for row in rows for action in row["dependent_actions"]}
    allowed = {f"glue:{name}" for name in checked_operations([operation])}
    assert needed <= allowed


def test_the_policy_of_all_streams_is_read_only() -> None:
    document = iam_policy(STREAMS, [PLACE])
    actions = {action for s in document["Statement"] for action in s["Action"]}
    levels = {
        get_action_data("glue", action.partition(":")[2])["glue"][0]["access_level"]
        for action in actions
    }
    assert levels <= {"List", "Read"}
