"""The JSON schema of the settings: what users see of them, and what the SDK validates."""

from __future__ import annotations

from typing import Final

from singer_sdk import typing as th

SETTINGS: Final = th.PropertiesList(
    th.Property(
        "aws_access_key_id",
        th.StringType,
        secret=True,
        title="AWS access key id",
        description="Access key id; with it goes aws_secret_access_key. Without keys and profile, "
        "boto3's default chain of providers decides.",
    ),
    th.Property(
        "aws_secret_access_key",
        th.StringType,
        secret=True,
        title="AWS secret access key",
        description="Secret access key that belongs to aws_access_key_id.",
    ),
    th.Property(
        "aws_session_token",
        th.StringType,
        secret=True,
        title="AWS session token",
        description="Session token, where the keys are temporary ones.",
    ),
    th.Property(
        "aws_profile",
        th.StringType,
        title="AWS profile",
        description="Named profile of the shared AWS configuration files (SSO, "
        "credential_process and the like work as in boto3). Explicit keys go before it.",
    ),
    th.Property(
        "aws_credentials_uri",
        th.StringType,
        title="Where to fetch AWS keys",
        description="A secret that holds the keys: `aws-secretsmanager://NAME-OR-ARN`, "
        "`aws-ssm://NAME` (both read with boto3's default chain; `?region=` names another region) "
        "or `vault://PATH`. Explicit keys and aws_profile go before it.",
    ),
    th.Property(
        "aws_assume_role_arn",
        th.StringType,
        title="ARN of the role to assume",
        description="Role to assume with the credentials found; its own are fetched anew before "
        "they expire.",
    ),
    th.Property(
        "aws_assume_role_external_id",
        th.StringType,
        secret=True,
        title="External id of the role",
        description="External id that the role's trust policy asks for.",
    ),
    th.Property(
        "aws_assume_role_session_name",
        th.StringType(pattern=r"^[\w+=,.@-]{2,64}$"),
        default="tap-glue-metadata",
        title="Session name of the role",
        description="Name under which the assumed role shows in CloudTrail.",
    ),
    th.Property(
        "aws_assume_role_chain",
        th.ArrayType(
            th.ObjectType(
                th.Property("role_arn", th.StringType(min_length=1), required=True),
                th.Property("external_id", th.StringType, secret=True),
                additional_properties=False,
            )
        ),
        title="Further roles to assume",
        description="Roles to assume one after another, after aws_assume_role_arn: objects with "
        "`role_arn` and, where the role asks for it, `external_id`.",
    ),
    th.Property(
        "aws_accounts",
        th.ArrayType(
            th.ObjectType(
                th.Property("role_arn", th.StringType(min_length=1), required=True),
                th.Property("external_id", th.StringType, secret=True),
                th.Property("regions", th.ArrayType(th.StringType(min_length=1))),
                th.Property("catalog_ids", th.ArrayType(th.StringType(min_length=1))),
                additional_properties=False,
            )
        ),
        title="AWS accounts",
        description="Accounts to read, all in one run: objects with `role_arn`, the role to assume "
        "there last, and if need be `external_id`, `regions` and `catalog_ids` of its own.",
    ),
    th.Property(
        "aws_regions",
        th.ArrayType(th.StringType(min_length=1)),
        title="AWS regions",
        description='Regions to read, all in one run; `["all"]` for every region that AWS Glue is '
        "in; the region of boto3's chain if not set.",
    ),
    th.Property(
        "aws_account_id",
        th.StringType(pattern=r"^\d{12}$"),
        title="AWS account id",
        description="Account that the credentials belong to. Saves the call to "
        "sts:GetCallerIdentity, for networks without an STS endpoint.",
    ),
    th.Property(
        "aws_endpoint_url",
        th.StringType,
        title="AWS endpoint URL",
        description="One endpoint for every AWS service: a VPC endpoint, an emulator. Plain http "
        "is for loopback only. (AWS_ENDPOINT_URL_GLUE and the like set one for a service.)",
    ),
    th.Property(
        "aws_max_attempts",
        th.IntegerType(minimum=1),
        default=10,
        title="Attempts of a call",
        description="How often a call to AWS is tried, the first time included.",
    ),
    th.Property(
        "aws_retry_mode",
        th.StringType,
        allowed_values=["adaptive", "standard", "legacy"],
        default="adaptive",
        title="Retry mode",
        description="botocore's retry mode.",
    ),
    th.Property(
        "aws_connect_timeout",
        th.IntegerType(minimum=1),
        title="Connect timeout",
        description="Seconds to wait for a connection to AWS; botocore's default if not set.",
    ),
    th.Property(
        "aws_read_timeout",
        th.IntegerType(minimum=1),
        title="Read timeout",
        description="Seconds to wait for an answer of AWS; botocore's default if not set.",
    ),
    th.Property(
        "concurrency",
        th.IntegerType(minimum=1, maximum=128),
        default=8,
        title="Concurrency",
        description="Calls to AWS Glue in flight at once.",
    ),
    th.Property(
        "catalog_ids",
        th.ArrayType(th.StringType(min_length=1)),
        title="Catalog ids",
        description="Catalogs to read (an account id, or `ACCOUNT:NAME/..` for a nested catalog); "
        "all that are visible if not set.",
    ),
    th.Property(
        "include_databases",
        th.ArrayType(th.StringType(min_length=1)),
        title="Databases to read",
        description="Globs of database names to read; all if not set.",
    ),
    th.Property(
        "exclude_databases",
        th.ArrayType(th.StringType(min_length=1)),
        title="Databases to leave out",
        description="Globs of database names to leave out; goes before include_databases.",
    ),
    th.Property(
        "include_tables",
        th.ArrayType(th.StringType(min_length=1)),
        title="Tables to read",
        description="Globs of `database.table` to read; all if not set.",
    ),
    th.Property(
        "exclude_tables",
        th.ArrayType(th.StringType(min_length=1)),
        title="Tables to leave out",
        description="Globs of `database.table` to leave out; goes before include_tables.",
    ),
    th.Property(
        "extra_streams",
        th.ArrayType(th.StringType(min_length=1)),
        title="Further streams",
        description="Streams beyond those that are there by default, by their names or those of "
        "their groups: `fields`, `tables`, `etl`, `schema_registry`, `governance`, `runs`, "
        "`lineage`. Each takes calls and rights of its own.",
    ),
    th.Property(
        "on_access_denied",
        th.StringType,
        allowed_values=["skip", "fail"],
        default="skip",
        title="When access is denied",
        description="Whether to `skip` an account, region, catalog, database or object that cannot "
        "be read, with one warning, or to `fail` at the first.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description="For streams that are replicated as INCREMENTAL: objects that changed before "
        "it are left out.",
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=False,
        title="Tell targets what was deleted",
        description="Whether to send ACTIVATE_VERSION after each complete pass over a stream that "
        "is replicated as FULL_TABLE, so that a target removes what is no more in Glue. One "
        "pipeline must own the target's tables then.",
    ),
    th.Property(
        "max_removed_percent",
        th.IntegerType(minimum=0, maximum=100),
        default=50,
        title="Most that may be gone",
        description="How many percent of the objects of a database (or catalog, or account and "
        "region), if it had ten or more, may be gone since its last complete reading. With more "
        "it is not taken for completely read, and nothing in it for deleted; 0 accepts any "
        "number.",
    ),
    th.Property(
        "resource_links",
        th.StringType,
        allowed_values=["follow", "ignore"],
        default="follow",
        title="Resource links",
        description="Whether to read the tables behind resource links to databases: `follow` or "
        "`ignore`. The link itself is a record of `databases` in any case.",
    ),
    th.Property(
        "resource_share_type",
        th.StringType,
        allowed_values=["FOREIGN", "ALL", "FEDERATED"],
        title="Resource share type",
        description="`ResourceShareType` of GetDatabases: lists databases that other accounts "
        "share (`FOREIGN`), those and the account's own (`ALL`), or federated ones (`FEDERATED`).",
    ),
    th.Property(
        "redact_secrets",
        th.BooleanType,
        default=True,
        title="Redact secrets",
        description="Whether values of arguments, parameters and properties whose key names a "
        "secret, and credentials inside URLs, are replaced by `***REDACTED***`.",
    ),
    th.Property(
        "redact_keys",
        th.ArrayType(th.StringType(min_length=1)),
        title="Further keys to redact",
        description="Globs of keys whose values are replaced too, upper and lower case alike.",
    ),
    th.Property(
        "vault_address",
        th.StringType,
        title="Vault address",
        description="URL of HashiCorp Vault, for `vault://`; VAULT_ADDR if not set.",
    ),
    th.Property(
        "vault_namespace",
        th.StringType,
        title="Vault namespace",
        description="Namespace of Vault Enterprise; VAULT_NAMESPACE if not set.",
    ),
    th.Property(
        "vault_ca_file",
        th.StringType,
        title="Vault certificate authority",
        description="File with the certificate authority of Vault; VAULT_CACERT if not set.",
    ),
    th.Property(
        "vault_token",
        th.StringType,
        secret=True,
        title="Vault token",
        description="Token to log in to Vault with; VAULT_TOKEN if no way to log in is set.",
    ),
    th.Property(
        "vault_role_id",
        th.StringType,
        title="Vault AppRole",
        description="Role id to log in to Vault with, by AppRole.",
    ),
    th.Property(
        "vault_secret_id",
        th.StringType,
        secret=True,
        title="Vault AppRole secret",
        description="Secret id that belongs to vault_role_id.",
    ),
    th.Property(
        "vault_kubernetes_role",
        th.StringType,
        title="Vault Kubernetes role",
        description="Role to log in to Vault with, by the service account of a Kubernetes pod.",
    ),
    th.Property(
        "vault_kubernetes_token_file",
        th.StringType,
        title="Kubernetes token file",
        description="File with the service account's token; the one that Kubernetes mounts if not "
        "set.",
    ),
    th.Property(
        "vault_auth_mount",
        th.StringType,
        title="Vault login mount",
        description="Where the way to log in is mounted in Vault; `approle` or `kubernetes` if not "
        "set.",
    ),
)
