"""The JSON schema of the settings: what users see of them, and what the SDK validates."""

from __future__ import annotations

from functools import partial
from typing import Final

from singer_sdk import typing as th

_TEXTS: Final = th.ArrayType(th.StringType(min_length=1))
_text: Final = partial(th.Property, wrapped=th.StringType)
_texts: Final = partial(th.Property, wrapped=_TEXTS)
_ROLE: Final = (
    th.Property("role_arn", th.StringType(min_length=1), required=True),
    th.Property("external_id", th.StringType, secret=True),
)

SETTINGS: Final = th.PropertiesList(
    _text(
        "aws_access_key_id",
        secret=True,
        title="AWS access key id",
        description="Access key id; needs `aws_secret_access_key` too. Without keys and profile, "
        "boto3's default credential chain is used.",
    ),
    _text(
        "aws_secret_access_key",
        secret=True,
        title="AWS secret access key",
        description="Secret access key for `aws_access_key_id`.",
    ),
    _text(
        "aws_session_token",
        secret=True,
        title="AWS session token",
        description="Session token, if the keys are temporary.",
    ),
    _text(
        "aws_profile",
        title="AWS profile",
        description="Named profile of the shared AWS configuration files, with all that boto3 "
        "supports there (SSO, `credential_process`, ...). Explicit keys take precedence over it.",
    ),
    _text(
        "aws_credentials_uri",
        title="Secret with the AWS keys",
        description="Secret that holds the keys: `aws-secretsmanager://NAME-OR-ARN`, "
        "`aws-ssm://NAME` (both read with boto3's default credential chain; `?region=` sets "
        "another region) or `vault://PATH`. Explicit keys and `aws_profile` take precedence over "
        "it.",
    ),
    _text(
        "aws_assume_role_arn",
        title="Role to assume",
        description="Role to assume. Its credentials are renewed before they expire.",
    ),
    _text(
        "aws_assume_role_external_id",
        secret=True,
        title="External id of the role",
        description="External id that the role's trust policy requires.",
    ),
    th.Property(
        "aws_assume_role_session_name",
        th.StringType(pattern=r"^[\w+=,.@-]{2,64}$"),
        default="tap-glue-metadata",
        title="Session name of the role",
        description="Session name of assumed roles, as CloudTrail shows it.",
    ),
    th.Property(
        "aws_assume_role_chain",
        th.ArrayType(th.ObjectType(*_ROLE, additional_properties=False)),
        title="Further roles to assume",
        description="Roles to assume one after another, after `aws_assume_role_arn`: objects with "
        "`role_arn` and, if the role requires it, `external_id`.",
    ),
    th.Property(
        "aws_accounts",
        th.ArrayType(
            th.ObjectType(
                *_ROLE,
                th.Property("regions", _TEXTS),
                th.Property("catalog_ids", _TEXTS),
                additional_properties=False,
            )
        ),
        title="AWS accounts",
        description="Accounts to read in one run: objects with `role_arn` (the last role to "
        "assume there) and, if needed, `external_id`, `regions` and `catalog_ids`.",
    ),
    _texts(
        "aws_regions",
        title="AWS regions",
        description='Regions to read in one run; `["all"]` for every region that has AWS Glue. '
        "Default: the region of boto3's default chain.",
    ),
    th.Property(
        "aws_account_id",
        th.StringType(pattern=r"^\d{12}$"),
        title="AWS account id",
        description="Account of the credentials. Saves the call of sts:GetCallerIdentity, for "
        "networks without an STS endpoint.",
    ),
    _text(
        "aws_endpoint_url",
        title="AWS endpoint URL",
        description="One endpoint for every AWS service, such as a VPC endpoint or an emulator. "
        "`AWS_ENDPOINT_URL_GLUE` and the like set it for one service. Plain http is accepted for "
        "loopback and `aws_http_hosts` only.",
    ),
    _texts(
        "aws_http_hosts",
        title="Hosts with plain http",
        description="Host names of emulators that may be called by plain http, such as "
        "`localstack`. Every run warns of it. Never for credentials from a store or a role.",
    ),
    th.Property(
        "aws_max_attempts",
        th.IntegerType(minimum=1),
        default=10,
        title="Attempts per call",
        description="Most attempts of a call, including the first.",
    ),
    _text(
        "aws_retry_mode",
        allowed_values=["adaptive", "standard", "legacy"],
        default="adaptive",
        title="Retry mode",
        description="Retry mode of botocore.",
    ),
    th.Property(
        "aws_connect_timeout",
        th.IntegerType(minimum=1),
        title="Connect timeout",
        description="Seconds to wait for a connection to AWS. Default: botocore's.",
    ),
    th.Property(
        "aws_read_timeout",
        th.IntegerType(minimum=1),
        title="Read timeout",
        description="Seconds to wait for a complete answer. Default: botocore's.",
    ),
    th.Property(
        "concurrency",
        th.IntegerType(minimum=1, maximum=128),
        default=8,
        title="Concurrency",
        description="Most calls to AWS Glue at the same time.",
    ),
    _texts(
        "catalog_ids",
        title="Catalog ids",
        description="Catalogs to read: an account id, or `ACCOUNT:NAME/..` for a nested catalog. "
        "Default: all visible ones.",
    ),
    _texts(
        "include_databases",
        title="Databases to read",
        description="Patterns (globs) of database names to read. Default: all.",
    ),
    _texts(
        "exclude_databases",
        title="Databases to leave out",
        description="Patterns of database names to leave out; takes precedence over "
        "`include_databases`.",
    ),
    _texts(
        "include_tables",
        title="Tables to read",
        description="Patterns of `database.table` to read. Default: all.",
    ),
    _texts(
        "exclude_tables",
        title="Tables to leave out",
        description="Patterns of `database.table` to leave out; takes precedence over "
        "`include_tables`.",
    ),
    _texts(
        "extra_streams",
        title="Extra streams",
        description="Streams in addition to the default ones, by name or by group: `fields`, "
        "`tables`, `etl`, `schema_registry`, `governance`, `runs`, `lineage`. They "
        "need calls and permissions of their own.",
    ),
    _text(
        "on_access_denied",
        allowed_values=["skip", "fail"],
        default="skip",
        title="When access is denied",
        description="What to do if an account, region, catalog, database or object cannot be "
        "read: `skip` it with one warning, or `fail` at the first.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description="For INCREMENTAL streams: objects that changed before this date are left out.",
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=False,
        title="Report deletions to targets",
        description="Whether a FULL_TABLE stream ends with ACTIVATE_VERSION after a complete "
        "pass, so that a target removes what is no longer in Glue. Only one pipeline may then "
        "write to the target's tables.",
    ),
    th.Property(
        "max_removed_percent",
        th.IntegerType(minimum=0, maximum=100),
        default=50,
        title="Largest plausible deletion",
        description="Percentage of the objects of a database (or catalog, or account and region) "
        "with ten or more objects that may disappear between two complete readings. If more "
        "disappear, it counts as incomplete and nothing in it as deleted. 0 turns the check off.",
    ),
    _text(
        "resource_links",
        allowed_values=["follow", "ignore"],
        default="follow",
        title="Resource links",
        description="Whether to read the tables behind resource links: `follow` or `ignore`. The "
        "links themselves are always records.",
    ),
    _text(
        "resource_share_type",
        allowed_values=["FOREIGN", "ALL", "FEDERATED"],
        title="Resource share type",
        description="`ResourceShareType` of GetDatabases: databases that other accounts share "
        "(`FOREIGN`), those and the account's own (`ALL`), or federated ones (`FEDERATED`).",
    ),
    th.Property(
        "redact_secrets",
        th.BooleanType,
        default=True,
        title="Redact secrets",
        description="Whether values of arguments, parameters and properties whose key names a "
        "secret, and credentials inside URLs, are replaced by `***REDACTED***`.",
    ),
    _texts(
        "redact_keys",
        title="Further keys to redact",
        description="Patterns of further keys whose values are redacted. They ignore case.",
    ),
    _text(
        "vault_address",
        title="Vault address",
        description="URL of HashiCorp Vault, for `vault://`. Default: VAULT_ADDR.",
    ),
    _text(
        "vault_namespace",
        title="Vault namespace",
        description="Namespace in Vault Enterprise. Default: VAULT_NAMESPACE.",
    ),
    _text(
        "vault_ca_file",
        title="Vault certificate authority",
        description="File with Vault's certificate authority. Default: VAULT_CACERT.",
    ),
    _text(
        "vault_token",
        secret=True,
        title="Vault token",
        description="Vault token. Default: VAULT_TOKEN, if no other login is set.",
    ),
    _text(
        "vault_role_id",
        title="Vault AppRole",
        description="Role id of an AppRole login to Vault.",
    ),
    _text(
        "vault_secret_id",
        secret=True,
        title="Vault AppRole secret",
        description="Secret id for `vault_role_id`.",
    ),
    _text(
        "vault_kubernetes_role",
        title="Vault Kubernetes role",
        description="Vault role of a Kubernetes login, with the pod's service account.",
    ),
    _text(
        "vault_kubernetes_token_file",
        title="Kubernetes token file",
        description="File with the service account's token. Default: where Kubernetes mounts it.",
    ),
    _text(
        "vault_auth_mount",
        title="Vault login mount",
        description="Path at which the login method is mounted in Vault. Default: `approle` or "
        "`kubernetes`.",
    ),
)
