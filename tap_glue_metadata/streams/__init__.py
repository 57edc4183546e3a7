"""The streams: one short declaration each, and what writes what the engine reads for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tap_glue_metadata.streams import (
    etl,
    fields,
    governance,
    lineage,
    runs,
    schema_registry,
    tables,
)
from tap_glue_metadata.streams.catalog import Catalogs, Columns, Databases, Tables
from tap_glue_metadata.streams.etl import Jobs, Workflows
from tap_glue_metadata.streams.report import ExtractionIssues, Extractions

if TYPE_CHECKING:
    from tap_glue_metadata.streams.base import GlueStream

STREAM_TYPES: Final[tuple[type[GlueStream], ...]] = (
    Catalogs,
    Databases,
    Tables,
    Columns,
    Jobs,
    Workflows,
    Extractions,
    ExtractionIssues,
)
EXTRA_STREAM_TYPES: Final[tuple[type[GlueStream], ...]] = (
    fields.ColumnFields,
    tables.Partitions,
    tables.PartitionIndexes,
    tables.TableVersions,
    tables.TableOptimizers,
    tables.ColumnStatistics,
    tables.UserDefinedFunctions,
    etl.Triggers,
    etl.Crawlers,
    etl.Connections,
    etl.Classifiers,
    etl.Blueprints,
    etl.DevEndpoints,
    etl.MlTransforms,
    etl.SecurityConfigurations,
    etl.DataQualityRulesets,
    etl.UsageProfiles,
    etl.Sessions,
    etl.Integrations,
    schema_registry.Registries,
    schema_registry.Schemas,
    schema_registry.SchemaVersions,
    governance.ResourceTags,
    governance.LfTags,
    governance.LfPermissions,
    governance.ResourcePolicies,
    governance.CatalogEncryptionSettings,
    governance.Glossaries,
    governance.GlossaryTerms,
    governance.Assets,
    runs.JobRuns,
    runs.JobBookmarks,
    runs.WorkflowRuns,
    runs.Crawls,
    runs.CrawlerMetrics,
    runs.DataQualityResults,
    lineage.TableEdges,
    lineage.JobEdges,
    lineage.WorkflowEdges,
    lineage.CrawlerEdges,
    lineage.TriggerEdges,
    lineage.IntegrationEdges,
)
"""The streams that are not there unless `extra_streams` names them or their groups."""
