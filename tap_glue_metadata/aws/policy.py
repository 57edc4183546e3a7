"""Operations in use -> the least IAM policy that allows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError
from botocore.session import Session

from tap_glue_metadata.aws.scopes import ALL, check_regions, partition_of
from tap_glue_metadata.aws.session import SESSION_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_glue_metadata.settings import Account, Settings

LAKE_FORMATION_NOTE: Final = (
    "Where Lake Formation governs the catalog, grant these credentials DESCRIBE there on the "
    "databases and tables too; Glue leaves out of its lists what is not granted."
)
LINKS_NOTE: Final = (
    "For tables behind resource links, add the ARNs of the catalog, database and tables that the "
    "links lead to, in their owners' accounts and regions, to those of glue:GetTables."
)

# The types of resource that Glue checks, and for which operations (service authorization reference
# of AWS Glue). Those of the Data Catalog form a path. Operations that are missing here, such as
# GetJobs, can be granted on `*` only.
_DATABASE: Final = ("catalog", "database")
_OPERATIONS: Final[dict[tuple[str, ...], str]] = {
    ("catalog",): "GetCatalog GetCatalogs GetDataCatalogEncryptionSettings GetResourcePolicies",
    _DATABASE: "GetDatabase GetDatabases",
    (*_DATABASE, "table"): "BatchGetPartition BatchGetTableOptimizer GetColumnStatisticsForTable "
    "GetPartitionIndexes GetPartitions GetTable GetTableVersions GetTables",
    (*_DATABASE, "userDefinedFunction"): "GetUserDefinedFunctions",
    ("catalog", "connection"): "GetConnection GetConnections",
    ("blueprint",): "BatchGetBlueprints GetBlueprint GetBlueprintRuns",
    ("crawler",): "BatchGetCrawlers GetCrawler ListCrawls",
    ("dataQualityRuleset",): "GetDataQualityRuleset ListDataQualityResults ListDataQualityRulesets",
    ("devEndpoint",): "BatchGetDevEndpoints GetDevEndpoint",
    ("job",): "BatchGetJobs GetJob GetJobRuns",
    ("mlTransform",): "GetMLTransform GetMLTransforms",
    ("registry",): "GetRegistry ListSchemas",
    ("registry", "schema"): "GetSchema GetSchemaVersion ListSchemaVersions "
    "QuerySchemaVersionMetadata",
    ("trigger",): "BatchGetTriggers GetTrigger",
    ("usageProfile",): "GetUsageProfile",
    ("workflow",): "BatchGetWorkflows GetWorkflow GetWorkflowRuns",
}
_RESOURCES: Final = {
    operation: kinds
    for kinds, operations in _OPERATIONS.items()
    for operation in operations.split()
}
_IN_DATABASE: Final = frozenset({"table", "userDefinedFunction"})
# What AWS checks besides the operation itself (there: dependent actions).
_DEPENDENT: Final = {"BatchGetTableOptimizer": "GetTable", "BatchGetWorkflows": "GetWorkflow"}


class PolicyPlace(NamedTuple):
    """Partition, account and region as they stand in ARNs; `*` for what is not known.

    Attributes:
        partition: The part of AWS.
        account_id: The account.
        region: The region's code.
        owners: The accounts whose catalogs are read.
    """

    partition: str
    account_id: str
    region: str
    owners: tuple[str, ...]


def policy_places(settings: Settings) -> list[PolicyPlace]:
    """Tell from the settings alone, without a call, what a policy is to cover.

    Args:
        settings: The tap's settings.

    Returns:
        The accounts and regions that the settings name.
    """
    session = Session(SESSION_VARIABLES, profile=settings.aws_profile)
    places = (
        _place(account, region, settings, session)
        for account in settings.aws_accounts
        for region in account.regions or ("*",)
    )
    return list(dict.fromkeys(places))


def _place(account: Account, region: str, settings: Settings, session: Session) -> PolicyPlace:
    if region in {"*", ALL}:
        region, partition = "*", _partition(account, session)
    else:
        if not settings.aws_endpoint_url:
            check_regions("aws_regions", [region], session)
        partition = partition_of(session, region)
    account_id = account.roles[-1].account_id if account.roles else settings.aws_account_id or "*"
    owners = (account_id, *(catalog_id.partition(":")[0] for catalog_id in account.catalog_ids))
    if settings.resource_share_type or "*" in owners:
        owners = ("*",)
    return PolicyPlace(partition, account_id, region, tuple(dict.fromkeys(owners)))


def _partition(account: Account, session: Session) -> str:
    """Return the partition of an account's last role; without one, that of the chain's region."""
    if account.roles:
        return account.roles[-1].partition
    try:
        return partition_of(session, session.get_config_variable("region") or "")
    except BotoCoreError:  # a profile that is not on this machine
        return "aws"


def checked_operations(operations: Iterable[str]) -> list[str]:
    """Add to some operations those whose actions AWS checks along with them.

    Args:
        operations: Names of Glue operations.

    Returns:
        All of them, sorted.
    """
    named = set(operations)
    return sorted(named | {_DEPENDENT[name] for name in named & _DEPENDENT.keys()})


def iam_policy(
    operations: Iterable[str],
    places: Sequence[PolicyPlace],
    databases: Sequence[str] = (),
    others: Iterable[str] = (),
) -> dict[str, Any]:
    """Write the policy that allows some operations, and nothing else.

    Args:
        operations: Names of Glue operations, such as `GetTables`.
        places: Partition, account and region of each scope; `*` for what is not known.
        databases: Globs of the databases whose tables are read; all if empty.
        others: Actions of other services, which are granted on `*`.

    Returns:
        An identity-based policy. Actions that take the same resources share a statement.
    """
    by_resources: dict[tuple[str, ...], list[str]] = {}
    for operation in checked_operations(operations):
        by_resources.setdefault(_RESOURCES.get(operation, ()), []).append(f"glue:{operation}")
    for action in sorted(others):
        by_resources.setdefault((), []).append(action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": f"Read{kinds[-1][0].upper()}{kinds[-1][1:]}" if kinds else "ReadUnscoped",
                "Effect": "Allow",
                "Action": actions,
                "Resource": _arns(kinds, places, databases),
            }
            for kinds, actions in sorted(by_resources.items())
        ],
    }


def _arns(
    kinds: tuple[str, ...], places: Sequence[PolicyPlace], databases: Sequence[str]
) -> list[str] | str:
    if not kinds:
        return "*"
    arns = [
        f"arn:{place.partition}:glue:{place.region}:{account_id}:{name}"
        for place in places
        for account_id in (place.owners if kinds[0] == "catalog" else [place.account_id])
        for kind in kinds
        for name in _names(kind, kinds, databases)
    ]
    return list(dict.fromkeys(arns))


def _names(kind: str, kinds: tuple[str, ...], databases: Sequence[str]) -> list[str]:
    if kind == "catalog":
        return ["catalog", "catalog/*"]  # the default one, and those nested in it
    # To list databases takes the right to all of them; their tables can be had one by one.
    if not databases or kinds == _DATABASE or kind not in {"database", *_IN_DATABASE}:
        return [f"{kind}/*"]
    # The name itself in the default catalog; in a nested one, the catalog's path goes before it.
    globs = [f"{kind}/{path}{_iam_glob(name)}" for name in databases for path in ("", "*/")]
    return [f"{glob}/*" for glob in globs] if kind in _IN_DATABASE else globs


def _iam_glob(pattern: str) -> str:
    """Turn a glob of the settings into IAM's, which knows `*` and `?` but no classes.

    IAM tells upper from lower case, and Glue keeps names in lower case.
    """
    return (pattern.split("[", 1)[0] + "*" if "[" in pattern else pattern).lower()
