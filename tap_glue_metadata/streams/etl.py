"""ETL: jobs and workflows; and the group `etl`, of what they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from tap_glue_metadata.engine.read import Again, Each, Read
from tap_glue_metadata.streams.base import GlueStream
from tap_glue_metadata.streams.catalog_reads import DEFAULT_CATALOGS
from tap_glue_metadata.streams.keys import CATALOG_KEYS, SCOPE_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKFLOW_NAMES: Final = Read("ListWorkflows", "Workflows", key="@", is_always_listed=True)
_JOBS: Final = Read("GetJobs", "Jobs", is_always_listed=True)
# The list of jobs leaves out the nodes of visual ones (users report), and so may a batch.
_NODES: Final = "code_gen_configuration_nodes"
_LACKS_NODES: Final = "JobMode == 'VISUAL' && !CodeGenConfigurationNodes"
_JOB_BATCH: Final = Read(
    *("BatchGetJobs", "Jobs", _JOBS),
    where=_LACKS_NODES,
    each=Each("JobNames", "Name", 25, answered="[Jobs[].Name, JobsNotFound[]][]"),
)
_JOB: Final = Read("GetJob", "Job", _JOBS, {"JobName": "Name"}, where=_LACKS_NODES)


class Jobs(GlueStream):
    """Jobs: their command, arguments, connections and, for visual jobs, nodes."""

    name = "jobs"
    primary_keys = ("account_id", "region", "name")
    replication_keys: ClassVar[Mapping[str, str]] = {"last_modified_on": "LastModifiedOn"}
    source = _JOBS
    again = (Again(_JOB_BATCH, field=_NODES), Again(_JOB, field=_NODES))
    arn_kind = "job"
    open_members = frozenset({"CodeGenConfigurationNodes"})  # 70 shapes of nodes, some recursive


class Workflows(GlueStream):
    """Workflows: their structure, as a graph of triggers, jobs and crawlers; no runs."""

    name = "workflows"
    primary_keys = ("account_id", "region", "name")
    replication_keys: ClassVar[Mapping[str, str]] = {"last_modified_on": "LastModifiedOn"}
    source = Read(
        "BatchGetWorkflows",
        "Workflows",
        WORKFLOW_NAMES,
        each=Each("Names", "@", 25, answered="[Workflows[].Name, MissingWorkflows[]][]"),
        params={"IncludeGraph": True},
    )
    arn_kind = "workflow"
    omitted_members = frozenset({"LastRun", "Graph.Nodes.JobDetails", "Graph.Nodes.CrawlerDetails"})


class Triggers(GlueStream):
    """Triggers: when which jobs and crawlers start."""

    name, group = "triggers", "etl"
    primary_keys = (*SCOPE_KEYS, "name")
    source = Read("GetTriggers", "Triggers", is_always_listed=True)
    arn_kind = "trigger"


class Crawlers(GlueStream):
    """Crawlers: their targets, schedule, policies and last crawl."""

    name, group = "crawlers", "etl"
    primary_keys = (*SCOPE_KEYS, "name")
    replication_keys: ClassVar[Mapping[str, str]] = {"last_updated": "LastUpdated"}
    source = Read("GetCrawlers", "Crawlers", is_always_listed=True)
    arn_kind = "crawler"


class Connections(GlueStream):
    """Connections to data stores, never with a password."""

    name, group = "connections", "etl"
    primary_keys = (*CATALOG_KEYS, "name")
    replication_keys: ClassVar[Mapping[str, str]] = {"last_updated_time": "LastUpdatedTime"}
    source = Read(
        *("GetConnections", "ConnectionList", DEFAULT_CATALOGS, {"CatalogId": "CatalogId"}),
        params={"HidePassword": True},
        is_always_listed=True,
    )
    arn_kind = "connection"


class Classifiers(GlueStream):
    """Classifiers of crawlers."""

    name, group = "classifiers", "etl"
    primary_keys = (*SCOPE_KEYS, "name")
    source = Read("GetClassifiers", "Classifiers", union="ClassifierType", is_always_listed=True)


class Blueprints(GlueStream):
    """Blueprints of workflows, with the specification of their parameters."""

    name, group = "blueprints", "etl"
    primary_keys = (*SCOPE_KEYS, "name")
    replication_keys: ClassVar[Mapping[str, str]] = {"last_modified_on": "LastModifiedOn"}
    source = Read(
        *("BatchGetBlueprints", "Blueprints", Read("ListBlueprints", "Blueprints", key="@")),
        each=Each("Names", "@", 25, answered="[Blueprints[].Name, MissingBlueprints[]][]"),
        params={"IncludeBlueprint": True, "IncludeParameterSpec": True},
    )
    arn_kind = "blueprint"


class DevEndpoints(GlueStream):
    """Development endpoints."""

    name, group = "dev_endpoints", "etl"
    primary_keys = (*SCOPE_KEYS, "endpoint_name")
    source = Read("GetDevEndpoints", "DevEndpoints", key="EndpointName", is_always_listed=True)
    arn_kind = "devEndpoint"


class MlTransforms(GlueStream):
    """Machine learning transforms."""

    name, group = "ml_transforms", "etl"
    primary_keys = (*SCOPE_KEYS, "transform_id")
    replication_keys: ClassVar[Mapping[str, str]] = {"last_modified_on": "LastModifiedOn"}
    source = Read("GetMLTransforms", "Transforms", key="TransformId", is_always_listed=True)
    arn_kind = "mlTransform"


class SecurityConfigurations(GlueStream):
    """Security configurations: how jobs, crawlers and bookmarks are encrypted."""

    name, group = "security_configurations", "etl"
    primary_keys = (*SCOPE_KEYS, "name")
    source = Read("GetSecurityConfigurations", "SecurityConfigurations", is_always_listed=True)


class DataQualityRulesets(GlueStream):
    """Data quality rulesets, with their rules."""

    name, group = "data_quality_rulesets", "etl"
    primary_keys = (*SCOPE_KEYS, "name")
    replication_keys: ClassVar[Mapping[str, str]] = {"last_modified_on": "LastModifiedOn"}
    source = Read(
        "GetDataQualityRuleset",
        parent=Read("ListDataQualityRulesets", "Rulesets", is_always_listed=True),
        bind={"Name": "Name"},
    )
    arn_kind = "dataQualityRuleset"


class UsageProfiles(GlueStream):
    """Usage profiles: which configuration sessions and jobs may have."""

    name, group = "usage_profiles", "etl"
    primary_keys = (*SCOPE_KEYS, "name")
    replication_keys: ClassVar[Mapping[str, str]] = {"last_modified_on": "LastModifiedOn"}
    source = Read(
        "GetUsageProfile",
        parent=Read("ListUsageProfiles", "Profiles", is_always_listed=True),
        bind={"Name": "Name"},
    )
    arn_kind = "usageProfile"


class Sessions(GlueStream):
    """Interactive sessions."""

    name, group = "sessions", "etl"
    primary_keys = (*SCOPE_KEYS, "id")
    source = Read("ListSessions", "Sessions", key="Id", is_always_listed=True)
    arn_kind = "session"


class Integrations(GlueStream):
    """Zero-ETL integrations."""

    name, group = "integrations", "etl"
    primary_keys = (*SCOPE_KEYS, "integration_arn")
    source = Read(
        "DescribeIntegrations", "Integrations", token=("Marker", "Marker"), key="IntegrationArn"
    )
