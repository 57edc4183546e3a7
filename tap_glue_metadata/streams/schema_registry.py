"""The group `schema_registry`: registries, schemas and their versions."""

from __future__ import annotations

from typing import Final

from tap_glue_metadata.engine.read import Read
from tap_glue_metadata.streams.base import GlueStream
from tap_glue_metadata.streams.keys import SCOPE_KEYS

_SCHEMAS: Final = Read("ListSchemas", "Schemas", key="SchemaArn", is_always_listed=True)
_SCHEMA_ID: Final = {"SchemaId": "{SchemaArn: SchemaArn}"}


class Registries(GlueStream):
    """Schema registries."""

    name, group = "registries", "schema_registry"
    primary_keys = (*SCOPE_KEYS, "registry_arn")
    source = Read("ListRegistries", "Registries", key="RegistryArn", is_always_listed=True)


class Schemas(GlueStream):
    """Schemas of all registries."""

    name, group = "schemas", "schema_registry"
    primary_keys = (*SCOPE_KEYS, "schema_arn")
    source = Read("GetSchema", parent=_SCHEMAS, bind=_SCHEMA_ID, key="SchemaArn")


class SchemaVersions(GlueStream):
    """Versions of schemas, with their definitions."""

    name, group = "schema_versions", "schema_registry"
    primary_keys = (*SCOPE_KEYS, "schema_arn", "version_number")
    source = Read(
        "GetSchemaVersion",
        parent=Read(
            *("ListSchemaVersions", "Schemas", _SCHEMAS, _SCHEMA_ID),
            key="VersionNumber",
            is_always_listed=True,
        ),
        bind={"SchemaVersionNumber": "{VersionNumber: VersionNumber}"},
        key="VersionNumber",
    )
