"""What edges begin and end at: things, identified by ARNs or normalised URIs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, NamedTuple
from urllib.parse import quote

from tap_glue_metadata.records.arns import arn

_ARN: Final = re.compile(r"arn:[\w-]+:(?P<service>[\w-]+):[^:]*:[^:]*:(?P<kind>\w*)")
_URI: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):(?=/*[^\s/])", re.IGNORECASE)
_S3: Final = re.compile(
    r"s3[an]?://(?:(?!arn:)[^/:@]*(?::.*)?@)?(?P<bucket>[^/]+)/*(?P<key>.*)",
    re.IGNORECASE | re.DOTALL,
)
_FILE: Final = re.compile(
    r"\.(?:avro|csv|json|jsonl|orc|parquet|py|tsv|txt|xls|xlsx|xml|bz2|gz|snappy|zip|zst)\Z",
    re.IGNORECASE,
)
_OPTIONS: Final = re.compile(r"[?;&#]")
_HOST: Final = re.compile(r"[^/]*//[\w.,-]+(?::\d{1,5})?[/;]")
_KIND: Final = re.compile(r"(?:jdbc:\w+(?::(?:thin|oci8?)\b)?|[^:]+)", re.IGNORECASE)
_DATABASE: Final = re.compile(r";(?:databaseName|database)=([^;]+)", re.IGNORECASE)


class Thing(NamedTuple):
    """What an edge begins or ends at.

    Attributes:
        type: What it is: of Glue `table`, `job` and so on; else the service or the URI's scheme.
        id: Its ARN or URI.
    """

    type: str
    id: str


@dataclass(frozen=True)
class Place:
    """Where an object of Glue is, which tells what names in it stand for.

    Attributes:
        partition: The partition of ARNs, such as `aws`.
        region: The region.
        account_id: The account.
        catalog_id: The catalog that holds the object, `ACCOUNT` or `ACCOUNT:PATH`; the account
            for objects outside catalogs.
        database: The database that holds the object, for tables.
        link: The link to the database, for tables that were reached by one.
    """

    partition: str
    region: str
    account_id: str
    catalog_id: str
    database: str = ""
    link: Place | None = None

    def glue(self, kind: str, *names: str) -> Thing:
        """Name an object of Glue in the account, such as a job.

        Args:
            kind: Its type in ARNs.
            names: Its name.
        """
        return Thing(kind, arn(self.partition, self.region, self.account_id, kind, *names))

    def security_configuration(self, name: str) -> Thing:
        """Name a security configuration, which has no ARN.

        Args:
            name: Its name.
        """
        folder = f"glue://{self.account_id}/{self.region}/security-configuration"
        return Thing("security_configuration", f"{folder}/{quote(name)}")

    def database_of(self, name: str) -> Thing:
        """Name a database.

        Args:
            name: Its name.
        """
        text = arn(self.partition, self.region, self.catalog_id, "database", name)
        return Thing("database", text)

    def elsewhere(self, region: str | None) -> Place:
        """Return the same place in another region, if one is told.

        Args:
            region: The region.
        """
        return replace(self, region=region) if region else self

    def table(self, database: str, name: str, catalog_id: str | None = None) -> Thing:
        """Name a table.

        Args:
            database: Its database.
            name: Its name.
            catalog_id: Its catalog, if it is another one.
        """
        catalog = catalog_id or self.catalog_id
        return Thing("table", arn(self.partition, self.region, catalog, "table", database, name))

    def external(self, connection: str, *names: str) -> Thing:
        """Name what is behind a connection, whose URL another object holds.

        Args:
            connection: The connection's name, or that of a kind of AWS's own such as
                `aws:s3tables`.
            names: The dataset's name, after those of what holds it.
        """
        base = connection if ":" in connection else self.glue("connection", connection).id
        return Thing("external", "#".join([base, *filter(None, [".".join(filter(None, names))])]))

    def service(self, service: str, resource: str) -> Thing:
        """Name what another service of AWS holds in the account.

        Args:
            service: The service in ARNs, such as `dynamodb`.
            resource: The resource, such as `table/orders`, or its whole ARN.
        """
        if resource.startswith("arn:"):
            return Thing(service, resource)
        account = self.account_id
        return Thing(service, f"arn:{self.partition}:{service}:{self.region}:{account}:{resource}")


def thing(text: str) -> Thing | None:
    """Name what an ARN or a URI stands for.

    Args:
        text: Any text.

    Returns:
        The thing, with a normalised id; None if the text is neither.
    """
    text = text.strip()
    if found := _ARN.match(text):
        is_glue = found["service"] == "glue"
        return Thing(found["kind"] if is_glue else found["service"], text)
    if found := _S3.fullmatch(text):
        return Thing("s3", _s3(found["bucket"], found["key"]))
    if found := _URI.match(text):
        return Thing(found["scheme"].lower(), _without_credentials(text))
    return None


def foreign_table(dialect: str, *names: str) -> Thing:
    """Name a table by the names that an engine has for it, for one that is in no known catalog.

    Args:
        dialect: The engine, such as `athena`.
        names: The names of the table, after those of what holds it.
    """
    return Thing("external", f"{dialect}://{'/'.join(quote(name) for name in names)}")


def _s3(bucket: str, key: str) -> str:
    """Write a prefix such that two spellings of it are the same text; a file has no slash."""
    folder, is_pattern, _ = key.partition("*")
    if is_pattern:
        key = folder.rpartition("/")[0]
    key = key.rstrip("/")
    return f"s3://{bucket}/{key}{'' if not key or _FILE.search(key) else '/'}"


def _without_credentials(uri: str) -> str:
    """Leave of a URI the way to the data: no user, no password, no options but the database."""
    head, options = uri, ""
    if sign := _OPTIONS.search(uri):
        head, options = uri[: sign.start()], uri[sign.start() :]
    # What looks like options may be the rest of a password.
    if "@" in options and not _HOST.match(uri):
        return f"{_kind(uri)}:"
    start, slashes, rest = head.partition("//")
    if "@" in start:  # Oracle: `jdbc:oracle:thin:USER/PASSWORD@//HOST`
        start = f"{_kind(start)}:@{start.rpartition('@')[2]}"
    database = _DATABASE.search(options)
    return f"{start}{slashes}{rest.rpartition('@')[2]}{f'/{database[1]}' if database else ''}"


def _kind(uri: str) -> str:
    found = _KIND.match(uri)
    return found[0] if found else ""
