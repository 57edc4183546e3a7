"""ARNs, which most answers of Glue do not carry."""

from __future__ import annotations


def arn(partition: str, region: str, catalog_id: str, kind: str, *names: str) -> str:
    """Write the ARN of an object of Glue.

    The account is the one that owns the catalog, whoever asks. Objects of a nested catalog carry
    its path before their names (AWS Glue developer guide, "Specifying AWS Glue resource ARNs").

    Args:
        partition: The partition, such as `aws`.
        region: The region's code.
        catalog_id: The catalog that holds the object, `ACCOUNT` or `ACCOUNT:PATH`; for objects
            outside catalogs, such as jobs, the account.
        kind: The type in the ARN, such as `table`.
        names: The object's name, after those of what holds it.

    Returns:
        The ARN.
    """
    account_id, _, path = catalog_id.partition(":")
    resource = "/".join((kind, *([path] if path else []), *names))
    return f"arn:{partition}:glue:{region}:{account_id}:{resource}"
