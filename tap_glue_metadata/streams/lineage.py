"""The group `lineage`: edges between what Glue knows, one shape for all, no call of their own."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from tap_glue_metadata.aws.errors import SettingError
from tap_glue_metadata.records.lineage import etl
from tap_glue_metadata.records.lineage.edges import DERIVED, records
from tap_glue_metadata.records.lineage.identifiers import Place
from tap_glue_metadata.records.lineage.tables import table_edges
from tap_glue_metadata.streams.base import EmbeddedStream
from tap_glue_metadata.streams.catalog import Tables
from tap_glue_metadata.streams.etl import Crawlers, Integrations, Jobs, Triggers, Workflows
from tap_glue_metadata.streams.keys import SCOPE_KEYS

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.context import Context
    from tap_glue_metadata.records.lineage.edges import Edge


class Edges(EmbeddedStream):
    """The one shape of all edges; a subclass names its parent, and what makes edges of it."""

    group = "lineage"
    primary_keys = (*SCOPE_KEYS, "edge_id")
    derived = DERIVED
    edges_of: ClassVar[staticmethod[[Json, Place], Iterator[Edge]]]

    @override
    def records(self, context: Context, raw: Json) -> Iterator[Json]:
        # Before ids are made of it, in which a secret has not the shape that tells it.
        redacted = self.redactor.value("", raw)
        edges = self.edges_of(redacted, self.place(context, redacted))
        return records(edges, self.keys(context), self.redactor)

    def place(self, context: Context, raw: Json) -> Place:
        """Tell where an object is.

        Args:
            context: Where it was found.
            raw: The object as raw JSON.
        """
        scope = context.scope
        catalog_id = raw.get("CatalogId") or scope.account_id
        return Place(scope.partition, scope.region, scope.account_id, catalog_id)


class TableEdges(Edges):
    """Edges of tables and views: what they are made of, linked to, and stored at."""

    name = "table_edges"
    parent_stream_type = Tables
    edges_of = staticmethod(table_edges)

    @override
    def check(self) -> None:
        super().check()
        if find_spec("sqlglot") is None:
            raise SettingError(
                "extra_streams",
                f"'{self.name}' reads the SQL of views with sqlglot: install the tap with its "
                "extra, tap-glue-metadata[lineage]",
            )

    @override
    def place(self, context: Context, raw: Json) -> Place:
        scope, keys = context.scope, context.keys
        path = keys["catalog_id"], keys["database_name"]
        listed = Place(scope.partition, scope.region, path[0].partition(":")[0], *path)
        if context.link is None:
            return listed
        own = raw.get("CatalogId") or path[0], raw.get("DatabaseName") or path[1]
        region = context.link.get("Region") or scope.region
        return Place(scope.partition, region, own[0].partition(":")[0], *own, listed)


class JobEdges(Edges):
    """Edges of jobs: what visual ones read and write, and what jobs use."""

    name = "job_edges"
    parent_stream_type = Jobs
    uses = frozenset({"code_gen_configuration_nodes"})
    edges_of = staticmethod(etl.job_edges)


class WorkflowEdges(Edges):
    """Edges from workflows to the triggers, jobs and crawlers in them."""

    name = "workflow_edges"
    parent_stream_type = Workflows
    edges_of = staticmethod(etl.workflow_edges)


class CrawlerEdges(Edges):
    """Edges of crawlers: what they crawl, use and write to."""

    name = "crawler_edges"
    parent_stream_type = Crawlers
    edges_of = staticmethod(etl.crawler_edges)


class TriggerEdges(Edges):
    """Edges of triggers: what they wait for, and what they start."""

    name = "trigger_edges"
    parent_stream_type = Triggers
    edges_of = staticmethod(etl.trigger_edges)


class IntegrationEdges(Edges):
    """Edges of zero-ETL integrations: what is replicated where to."""

    name = "integration_edges"
    parent_stream_type = Integrations
    edges_of = staticmethod(etl.integration_edges)
