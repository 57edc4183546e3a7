"""The streams: one short declaration each, and the engine that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
