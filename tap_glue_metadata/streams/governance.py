"""The group `governance`: tags, permissions, policies, encryption, glossaries."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from tap_glue_metadata.engine.read import Again, Read
from tap_glue_metadata.records import permissions, tags
from tap_glue_metadata.streams.base import GlueStream
from tap_glue_metadata.streams.catalog_reads import DEFAULT_CATALOGS, TABLES
from tap_glue_metadata.streams.keys import CATALOG_KEYS, SCOPE_KEYS
from tap_glue_metadata.streams.taggable import TAGS

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.engine.context import Context

_LAKE_FORMATION: Final = "lakeformation"
_DATABASE: Final = "{Database: {CatalogId: CatalogId, Name: DatabaseName}}"
_TABLE: Final = "{Table: {CatalogId: CatalogId, DatabaseName: DatabaseName, Name: Name}}"
_LF_TAGS: Final = Read(
    *("GetResourceLFTags", "@", TABLES),
    bind={"TableName": "Name", "Resource": f"Name && {_TABLE} || {_DATABASE}"},
    with_parent=True,
    service=_LAKE_FORMATION,
)
_ASSIGNED_LF_TAGS: Final = Read(
    *("GetResourceLFTags", "@", _LF_TAGS),
    where="LFTagOnDatabase || LFTagsOnTable || LFTagsOnColumns",
    params={"ShowAssignedLFTags": True},
    service=_LAKE_FORMATION,
)
_GLOSSARIES: Final = Read("ListGlossaries", "Items", key="Id")


class ResourceTags(GlueStream):
    """Tags of databases, jobs, crawlers and all else of Glue that can have them."""

    name, group = "resource_tags", "governance"
    primary_keys = (*SCOPE_KEYS, "resource_arn", "tag_key")
    source = Read(
        *("GetResources", "ResourceTagMappingList"),
        params={"ResourceTypeFilters": ["glue"], "ResourcesPerPage": 100},
        token=("PaginationToken", "PaginationToken"),
        service="resourcegroupstaggingapi",
        key="ResourceARN",
        instead=TAGS,
    )
    shape, derived = "", tags.RESOURCE_TAG

    @override
    def records(self, context: Context, raw: Json) -> Iterator[Json]:
        keys = self.keys(context)
        return map(self.redact, tags.resource_tags(raw, keys, self.redactor))


class LfTags(GlueStream):
    """Lake Formation tags of databases, tables and columns, inherited ones told apart."""

    name, group = "lf_tags", "governance"
    primary_keys = (
        *(*SCOPE_KEYS, "resource_type", "catalog_id", "database_name", "table_name"),
        *("column_name", "tag_catalog_id", "tag_key"),
    )
    source = _LF_TAGS
    again = (Again(_ASSIGNED_LF_TAGS, tags.with_assigned, field="is_inherited"),)
    shape, derived = "", tags.LF_TAG

    @override
    def records(self, context: Context, raw: Json) -> Iterator[Json]:
        return map(self.redact, tags.lf_tags(raw, self.keys(context)))


class LfPermissions(GlueStream):
    """Permissions in Lake Formation: who may do what with which resource."""

    name, group = "lf_permissions", "governance"
    primary_keys = (*CATALOG_KEYS, "permission_id")
    source = Read(
        *("ListPermissions", "PrincipalResourcePermissions", DEFAULT_CATALOGS),
        bind={"CatalogId": "CatalogId"},
        service=_LAKE_FORMATION,
        key="to_string([Principal, Resource, Condition, AdditionalDetails])",
    )
    derived = permissions.DERIVED

    @override
    def derive(self, context: Context, raw: Json) -> Json:
        return permissions.derive(raw)


class ResourcePolicies(GlueStream):
    """Resource policies of the Data Catalog."""

    name, group = "resource_policies", "governance"
    primary_keys = (*SCOPE_KEYS, "policy_hash")
    source = Read("GetResourcePolicies", "GetResourcePoliciesResponseList", key="PolicyHash")


class CatalogEncryptionSettings(GlueStream):
    """How the Data Catalog and the passwords of connections are encrypted."""

    name, group = "catalog_encryption_settings", "governance"
    primary_keys = CATALOG_KEYS
    source = Read(
        *("GetDataCatalogEncryptionSettings", "DataCatalogEncryptionSettings", DEFAULT_CATALOGS),
        bind={"CatalogId": "CatalogId"},
    )


class Glossaries(GlueStream):
    """Business glossaries."""

    name, group = "glossaries", "governance"
    primary_keys = (*SCOPE_KEYS, "id")
    source = _GLOSSARIES


class Assets(GlueStream):
    """Assets that a business glossary describes; found by search, which is how they are listed."""

    name, group = "assets", "governance"
    primary_keys = (*SCOPE_KEYS, "id")
    source = Read(
        *("GetAsset", "@", Read("SearchAssets", "Items", key="Id"), {"Identifier": "Id"}), key="Id"
    )


class GlossaryTerms(GlueStream):
    """Terms of business glossaries."""

    name, group = "glossary_terms", "governance"
    primary_keys = (*SCOPE_KEYS, "id")
    source = Read(
        "GetGlossaryTerm",
        parent=Read(
            *("ListGlossaryTerms", "Items", _GLOSSARIES, {"GlossaryIdentifier": "Id"}), key="Id"
        ),
        bind={"Identifier": "Id"},
        key="Id",
    )
