"""What of Glue can have tags, and how one gets from there to them, an object at a time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.engine.paths import search
from tap_glue_metadata.engine.read import Read
from tap_glue_metadata.records.arns import arn

if TYPE_CHECKING:
    from tap_glue_metadata.engine.context import Context, Item


def _with_arn(kind: str, name: str, _: object, context: Context, item: Item) -> Context:
    """Give the context of an object, with the ARN that its answer does not carry."""
    scope = context.scope
    place = scope.partition, scope.region, scope.account_id
    return replace(context, bound={"ResourceArn": arn(*place, kind, search(name, item))})


def _tags(operation: str, items: str, kind: str, name: str = "Name", **params: Any) -> Read:
    """Declare how to get at the tags of objects that are known by their names."""
    place = partial(_with_arn, kind, name)
    listed = Read(operation, items, params=params, key=name, is_always_listed=True, place=place)
    return Read("GetTags", parent=listed, bind={"ResourceArn": "ResourceArn"})


def _tags_by_arn(operation: str, items: str, member: str, token: str = "NextToken") -> Read:  # noqa: S107 - a member's name
    """Declare how to get at the tags of objects whose answers have their ARNs."""
    listed = Read(operation, items, token=(token, token), key=member)
    return Read("GetTags", parent=listed, bind={"ResourceArn": member})


# Of its own account and region alone, as the Resource Groups Tagging API has it; and by listings
# of its own, which no other stream waits for (developer guide, "AWS tags in AWS Glue").
TAGS: Final = (
    _tags("GetDatabases", "DatabaseList", "database"),
    _tags("GetConnections", "ConnectionList", "connection", HidePassword=True),
    _tags("ListJobs", "JobNames[].{Name: @}", "job"),
    _tags("ListCrawlers", "CrawlerNames[].{Name: @}", "crawler"),
    _tags("ListTriggers", "TriggerNames[].{Name: @}", "trigger"),
    _tags("ListWorkflows", "Workflows[].{Name: @}", "workflow"),
    _tags("ListBlueprints", "Blueprints[].{Name: @}", "blueprint"),
    _tags("ListDevEndpoints", "DevEndpointNames[].{Name: @}", "devEndpoint"),
    _tags("ListMLTransforms", "TransformIds[].{Name: @}", "mlTransform"),
    _tags("ListDataQualityRulesets", "Rulesets", "dataQualityRuleset"),
    _tags("ListUsageProfiles", "Profiles", "usageProfile"),
    _tags("ListSessions", "Ids[].{Name: @}", "session"),
    _tags("ListCustomEntityTypes", "CustomEntityTypes", "customEntityType"),
    _tags_by_arn("ListRegistries", "Registries", "RegistryArn"),
    _tags_by_arn("ListSchemas", "Schemas", "SchemaArn"),
    _tags_by_arn("DescribeIntegrations", "Integrations", "IntegrationArn", "Marker"),
)
