"""ETL: jobs and workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tap_glue_metadata.read import Each, Read
from tap_glue_metadata.streams.base import GlueStream

if TYPE_CHECKING:
    from collections.abc import Mapping


class Jobs(GlueStream):
    """Jobs: their command, arguments, connections and, for visual jobs, nodes."""

    name = "jobs"
    primary_keys = ("account_id", "region", "name")
    replication_keys: ClassVar[Mapping[str, str]] = {"last_modified_on": "LastModifiedOn"}
    source = Read("GetJobs", "Jobs", is_always_listed=True)
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
        Read("ListWorkflows", "Workflows", key="@", is_always_listed=True),
        each=Each("Names", "@", 25, answered="[Workflows[].Name, MissingWorkflows[]][]"),
        params={"IncludeGraph": True},
    )
    arn_kind = "workflow"
    omitted_members = frozenset({"LastRun", "Graph.Nodes.JobDetails", "Graph.Nodes.CrawlerDetails"})
