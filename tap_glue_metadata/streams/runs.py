"""The group `runs`: operational metadata, of what has run when and with which outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from tap_glue_metadata.engine.read import Each, Read
from tap_glue_metadata.streams.base import GlueStream
from tap_glue_metadata.streams.etl import WORKFLOW_NAMES
from tap_glue_metadata.streams.keys import SCOPE_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

_JOB_NAMES: Final = Read("ListJobs", "JobNames", key="@", is_always_listed=True)
_CRAWLER_NAMES: Final = Read("ListCrawlers", "CrawlerNames", key="@", is_always_listed=True)
_RESULTS: Final = Read("ListDataQualityResults", "Results", key="ResultId", is_always_listed=True)


class JobRuns(GlueStream):
    """Operational metadata: runs of jobs. One that is not completed yet comes again."""

    name, group = "job_runs", "runs"
    primary_keys = (*SCOPE_KEYS, "job_name", "id")
    replication_keys: ClassVar[Mapping[str, str]] = {"completed_on": "CompletedOn"}
    source = Read("GetJobRuns", "JobRuns", _JOB_NAMES, {"JobName": "@"}, key="Id")


class JobBookmarks(GlueStream):
    """Operational metadata: up to where jobs have processed their data."""

    name, group = "job_bookmarks", "runs"
    primary_keys = (*SCOPE_KEYS, "job_name")
    source = Read(
        *("GetJobBookmark", "JobBookmarkEntry", _JOB_NAMES, {"JobName": "@"}),
        is_optional=True,
    )


class WorkflowRuns(GlueStream):
    """Operational metadata: runs of workflows, without their graphs."""

    name, group = "workflow_runs", "runs"
    primary_keys = (*SCOPE_KEYS, "name", "workflow_run_id")
    replication_keys: ClassVar[Mapping[str, str]] = {"completed_on": "CompletedOn"}
    source = Read("GetWorkflowRuns", "Runs", WORKFLOW_NAMES, {"Name": "@"}, key="WorkflowRunId")
    omitted_members = frozenset({"Graph"})


class Crawls(GlueStream):
    """Operational metadata: runs of crawlers."""

    name, group = "crawls", "runs"
    primary_keys = (*SCOPE_KEYS, "crawler_name", "crawl_id")
    replication_keys: ClassVar[Mapping[str, str]] = {"end_time": "EndTime"}
    source = Read("ListCrawls", "Crawls", _CRAWLER_NAMES, {"CrawlerName": "@"}, key="CrawlId")


class CrawlerMetrics(GlueStream):
    """Operational metadata: how long crawlers run, and what they have changed."""

    name, group = "crawler_metrics", "runs"
    primary_keys = (*SCOPE_KEYS, "crawler_name")
    source = Read("GetCrawlerMetrics", "CrawlerMetricsList", key="CrawlerName")


class DataQualityResults(GlueStream):
    """Operational metadata: results of data quality runs, with the outcome of each rule."""

    name, group = "data_quality_results", "runs"
    primary_keys = (*SCOPE_KEYS, "result_id")
    replication_keys: ClassVar[Mapping[str, str]] = {"completed_on": "CompletedOn"}
    source = Read(
        *("BatchGetDataQualityResult", "Results", _RESULTS),
        each=Each(
            "ResultIds", "ResultId", 100, answered="[Results[].ResultId, ResultsNotFound[]][]"
        ),
        key="ResultId",
    )
