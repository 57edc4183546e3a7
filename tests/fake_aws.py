"""A fake AWS on loopback, as strict as AWS where a client can get it wrong.

It has Glue, STS and what lists the accounts of an organization.

Of Lake Formation and the Resource Groups Tagging API it knows what ``answer`` tells it.

Runs inside a test (``with FakeAws() as endpoint``) or as a process of its own::

    python tests/fake_aws.py --databases 10 --tables 1000 --columns 50

which prints its URL as the first line and serves until stdin closes.
"""

from __future__ import annotations

import argparse
import base64
import functools
import hashlib
import json
import math
import re
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.loaders import create_loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, StructureShape
from botocore.validate import ParamValidator

if TYPE_CHECKING:
    from email.message import Message

    from botocore.model import Shape
    from typing_extensions import Self

Json: TypeAlias = dict[str, Any]
Serve: TypeAlias = "Callable[[], Reply]"

_CREATED: Final = 1_700_000_000.0
_TYPES: Final = ("string", "bigint", "double", "timestamp", "struct<id:int,tags:array<string>>")
_SCOPE: Final = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
# Services by the names that requests to them are signed with.
_OTHERS: Final = {
    "lakeformation": "lakeformation",
    "organizations": "organizations",
    "tagging": "resourcegroupstaggingapi",
}
# Whole items are stored under the batch operation: (names asked for, items found, names missing).
# The List operation of the same noun is derived from them.
_BATCHES: Final = {
    "BatchGetCrawlers": ("CrawlerNames", "Crawlers", "CrawlersNotFound"),
    "BatchGetJobs": ("JobNames", "Jobs", "JobsNotFound"),
    "BatchGetWorkflows": ("Names", "Workflows", "MissingWorkflows"),
}
# The HTTP status and error codes for an access key that is missing, unknown and expired.
_JSON_REFUSALS: Final = (
    400,
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
    "ExpiredTokenException",
)
_REFUSALS: Final = {
    "glue": _JSON_REFUSALS,
    "organizations": _JSON_REFUSALS,
    "sts": (403, "MissingAuthenticationToken", "InvalidClientTokenId", "ExpiredToken"),
}


class AwsError(Exception):
    """What a service refuses a request with."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        """Take the error's code and message, and the HTTP status they travel with."""
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True)
class Role:
    """A role that every known key may assume; its duration overrules the one asked for."""

    account_id: str
    external_id: str | None = None
    duration_seconds: float = 3600


@dataclass
class Call:
    """One request as it arrived.

    ``account_id`` stays empty if the key was refused; ``error`` is the code and message of an
    answer that is an error.
    """

    service: str
    operation: str
    params: Json
    region: str
    access_key: str
    user_agent: str
    started: float
    account_id: str = ""
    finished: float = math.nan
    error: str = ""


@dataclass(frozen=True)
class Traffic:
    """How many calls a while saw, how many of them were throttled, and how long it was."""

    calls: int
    throttled: int
    seconds: float

    @property
    def share(self) -> float:
        """The share of the calls that were throttled."""
        return self.throttled / self.calls if self.calls else 0.0

    @property
    def rate(self) -> float:
        """The calls per second that were let through."""
        return (self.calls - self.throttled) / self.seconds if self.seconds else 0.0


class _Bucket:
    """Holds up to ``burst`` tokens, gets ``rate`` new ones a second, and is a bound for a time."""

    def __init__(self, rate: float, burst: float, seconds: float) -> None:
        self._rate, self._burst, self._tokens = rate, burst, burst
        self._filled = time.monotonic()
        self._ends = self._filled + seconds

    def take(self) -> bool:
        """Take one token, if there is one; any number when the time is over."""
        now = time.monotonic()
        if now >= self._ends:
            return True
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(frozen=True)
class Reply:
    """One HTTP answer; ``cut`` closes the connection in the middle of its body."""

    body: bytes
    status: int = 200
    content_type: str = "application/x-amz-json-1.1"
    cut: bool = False


@dataclass(frozen=True)
class _Identity:
    account_id: str
    arn: str
    token: str = ""  # long-term keys carry none
    expires: float = math.inf


@dataclass
class _Fault:
    operation: str
    act: Callable[[Serve], Reply]
    when: Callable[[Json], bool] | None
    times: int | None

    def fits(self, call: Call) -> bool:
        live = self.operation == call.operation and self.times != 0
        return live and (self.when is None or self.when(call.params))


class GeneratedTables(Sequence[Json]):
    """Tables that exist only while they are read: all share one serialised template."""

    def __init__(self, catalog_id: str, database: str, tables: int, columns: int) -> None:
        """Declare ``tables`` tables of ``columns`` columns in the named database."""
        names = [(f"column_{i:03}", _TYPES[i % len(_TYPES)]) for i in range(columns)]
        storage = {
            "Columns": [{"Name": name, "Type": kind, "Comment": ""} for name, kind in names],
            "Location": f"s3://bucket/{database}/{{table}}/",
        }
        rest = {"StorageDescriptor": storage, "PartitionKeys": [], "TableType": "EXTERNAL_TABLE"}
        self._template = _dump(_table(catalog_id, database, "{table}") | rest)
        self._tables = tables

    def text(self, index: int) -> str:
        """Serialise one table at the price of a replacement in a string."""
        return self._template.replace("{table}", f"table_{index:05}")

    def __len__(self) -> int:
        return self._tables

    def __getitem__(self, index: Any) -> Any:
        found = range(self._tables)[index]
        return json.loads(self.text(found)) if isinstance(found, int) else [self[i] for i in found]


@dataclass
class Store:
    """What one account holds in one region, as Glue's own JSON (timestamps are epoch seconds).

    Attributes:
        catalogs: the root by default; None for an endpoint that does not know GetCatalogs.
            A catalog's place follows from its id (``account:top/nested``); a true member
            ``_container`` marks one that can hold only catalogs, and never leaves the store.
        databases: by catalog id.
        tables: by catalog id and database name.
        items: everything else, by the operation that answers it.
    """

    account_id: str
    region: str
    catalogs: list[Json] | None = field(init=False)
    databases: dict[str, list[Json]] = field(default_factory=dict)
    tables: dict[tuple[str, str], Sequence[Json]] = field(default_factory=dict)
    items: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.catalogs = [{"CatalogId": self.account_id, "Name": self.account_id}]

    def add_database(self, name: str, *, catalog_id: str | None = None, **members: Any) -> Json:
        """Add a database, and return it as stored."""
        catalog = catalog_id or self.account_id
        database = {"Name": name, "CatalogId": catalog, "CreateTime": _CREATED, **members}
        self.databases.setdefault(catalog, []).append(database)
        return database

    def add_table(
        self, database: str, name: str, *, catalog_id: str | None = None, **members: Any
    ) -> Json:
        """Add a table, whether or not its database exists, and return it as stored."""
        key = catalog_id or self.account_id, database
        table = _table(*key, name) | members
        self.tables[key] = [*self.tables.get(key, ()), table]
        return table

    def add(self, operation: str, *items: Any) -> None:
        """Add items to what an operation answers."""
        self.items.setdefault(operation, []).extend(items)

    def generate(self, databases: int = 3, tables: int = 250, columns: int = 5) -> None:
        """Add the databases ``db_000`` and following, each of lazily generated tables."""
        for name in (f"db_{i:03}" for i in range(databases)):
            self.add_database(name)
            generated = GeneratedTables(self.account_id, name, tables, columns)
            self.tables[self.account_id, name] = generated

    def catalog_id(self, params: Json, member: str = "CatalogId") -> str:
        """Return the catalog that a request is about, refusing one that does not exist."""
        catalog: str = params.get(member, self.account_id)
        listed = (known["CatalogId"] for known in self.catalogs or ())
        if catalog not in {self.account_id, *self.databases, *listed}:
            raise AwsError("EntityNotFoundException", f"Catalog {catalog} not found.")
        return catalog

    def remove_database(self, name: str, *, catalog_id: str | None = None) -> None:
        """Remove a database with its tables, if it exists."""
        key = catalog_id or self.account_id, name
        self.tables.pop(key, None)
        rest = [known for known in self.databases.get(key[0], ()) if known["Name"] != name]
        self.databases[key[0]] = rest

    def remove_catalog(self, catalog_id: str) -> None:
        """Remove a nested catalog with all that it holds, if it exists."""
        self.catalogs = [c for c in self.catalogs or () if c["CatalogId"] != catalog_id]
        self.databases.pop(catalog_id, None)
        for key in [key for key in self.tables if key[0] == catalog_id]:
            del self.tables[key]

    def database(self, catalog_id: str, name: str) -> Json:
        """Return a database, refusing one that does not exist."""
        for database in self.databases.get(catalog_id, ()):
            if database["Name"] == name:
                return database
        raise AwsError("EntityNotFoundException", f"Database {name} not found.")

    def catalogs_for(self, params: Json) -> list[Json]:
        """Return what GetCatalogs answers."""
        if params.keys() >= {"IncludeRoot", "ParentCatalogId"}:
            raise _invalid("IncludeRoot cannot be given together with ParentCatalogId.")
        root, parent = self.account_id, self.catalog_id(params, "ParentCatalogId")
        answer = []
        for catalog in self.catalogs or ():
            name = catalog["CatalogId"]
            child = (name.rpartition("/")[0] or root) == parent
            deeper = params.get("Recursive") and (parent == root or name.startswith(f"{parent}/"))
            wanted = params.get("IncludeRoot") if name == root else child or deeper
            if wanted and not (params.get("HasDatabases") and catalog.get("_container")):
                answer.append({k: v for k, v in catalog.items() if k != "_container"})
        return answer

    def items_for(self, operation: str, params: Json) -> list[Any]:
        """Return an operation's items, less those that differ in a member the request names."""
        if (batch := operation.replace("List", "BatchGet", 1)) in _BATCHES:
            return [item["Name"] for item in self.items.get(batch, ())]
        named = {k: v for k, v in params.items() if isinstance(v, str) and k != "NextToken"}
        implied = named | {"CatalogId": self.account_id}

        def fits(item: Any) -> bool:
            return all(item.get(k, implied[k]) == v for k, v in named.items())

        items = self.items.get(operation, ())
        if operation == "GetJobs":  # as users report
            items = [_without_nodes(job) for job in items]
        return [item for item in items if not isinstance(item, dict) or fits(item)]

    def job(self, name: str) -> Json:
        """Return a job, refusing one that does not exist."""
        for job in self.items.get("GetJobs", ()):
            if job["Name"] == name:
                return dict(job)
        raise AwsError("EntityNotFoundException", f"Job {name} not found.")

    def batch_for(self, operation: str, params: Json) -> Json:
        """Return the items asked for by name, and the names of those that do not exist."""
        asked, found, missing = _BATCHES[operation]
        hidden = () if params.get("IncludeGraph") else ("Graph",)
        stored = operation.removeprefix("Batch") if "Jobs" in operation else operation
        known = {
            item["Name"]: {k: v for k, v in item.items() if k not in hidden}
            for item in self.items.get(stored, ())
        }
        names = params.get(asked, ())
        return {
            found: [known[name] for name in names if name in known],
            missing: [name for name in names if name not in known],
        }


@dataclass(eq=False, repr=False)
class FakeAws:
    """The endpoint; entering it starts the server. Of its faults the first that fits applies.

    Attributes:
        page_size: the most items of one page; None leaves it to the service model.
        empty_pages: put an empty page that carries a token between every two pages.
        overlap: begin each page with the last item of the page before, as if the list had shifted.
        latency: seconds slept in each call.
        accounts: account id by long-term access key.
        roles: what can be assumed, by role ARN.
        organization: what ListAccounts answers, to every account.
        repeat_token: operations whose every answer carries the same token.
        stores: the data by account id and region; see ``store``.
        calls: every request, refused ones included, in order of arrival.
        in_flight_peak: the most Glue requests that were handled at once.
    """

    page_size: int | None = None
    empty_pages: bool = False
    overlap: bool = False
    latency: float = 0.0
    accounts: dict[str, str] = field(default_factory=lambda: {"testing": "123456789012"})
    roles: dict[str, Role] = field(default_factory=dict)
    organization: list[Json] = field(default_factory=list)
    repeat_token: set[str] = field(default_factory=set)
    stores: dict[tuple[str, str], Store] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    in_flight_peak: int = 0

    def __post_init__(self) -> None:
        self._in_flight = 0
        self._issued: dict[str, _Identity] = {}
        self._expired_tokens: set[str] = set()
        self._limit: tuple[float, float, float] | None = None
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._stopped = threading.Event()
        self._faults: list[_Fault] = []
        self._lock = threading.RLock()  # reentrant, for a fault's condition may ask the endpoint
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        _service()  # loaded here, for no measured request should wait for it
        self._server = _Server(self._answer)
        # A stop waits for the end of a poll.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and hang up on every client."""
        self._stopped.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """The endpoint's URL, once it is entered."""
        if not self._server:
            raise RuntimeError("the endpoint has not been entered")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def store(self, account_id: str = "123456789012", region: str = "us-east-1") -> Store:
        """Return what an account holds in a region."""
        with self._lock:
            return self.stores.setdefault((account_id, region), Store(account_id, region))

    def fail(  # noqa: PLR0913 - a fault has that many sides, and all but two have a default
        self,
        operation: str,
        code: str,
        *,
        status: int = 400,
        message: str = "",
        when: Callable[[Json], bool] | None = None,
        times: int | None = None,
    ) -> None:
        """Answer valid requests (the first ``times`` of those ``when`` accepts) with an error."""

        def act(_: Serve) -> Reply:
            raise AwsError(code, message, status)

        self._faults.append(_Fault(operation, act, when, times))

    def respond(  # noqa: PLR0913 - likewise
        self,
        operation: str,
        body: bytes,
        *,
        status: int = 200,
        content_type: str = Reply.content_type,
        when: Callable[[Json], bool] | None = None,
        times: int | None = None,
    ) -> None:
        """Answer valid requests with these bytes, whatever they are."""
        reply = Reply(body, status, content_type)
        self._faults.append(_Fault(operation, lambda _: reply, when, times))

    def answer(self, operation: str, body: Callable[[Json], bytes]) -> None:
        """Answer valid requests with what is made of their parameters."""

        def note(params: Json) -> bool:
            asked.params = params
            return True

        asked = threading.local()  # a fault's condition and its act run in one thread
        self._faults.append(_Fault(operation, lambda _: Reply(body(asked.params)), note, None))

    def truncate(
        self,
        operation: str,
        *,
        when: Callable[[Json], bool] | None = None,
        times: int | None = 1,
    ) -> None:
        """Answer with the first half of the true body, as if that were all."""

        def act(serve: Serve) -> Reply:
            reply = serve()
            return replace(reply, body=reply.body[: len(reply.body) // 2])

        self._faults.append(_Fault(operation, act, when, times))

    def strip(
        self,
        operation: str,
        *,
        when: Callable[[Json], bool] | None = None,
        times: int | None = 1,
    ) -> None:
        """Answer with all of the true answer but its lists."""

        def act(serve: Serve) -> Reply:
            reply = serve()
            answer = json.loads(reply.body).items()
            rest = {name: value for name, value in answer if not isinstance(value, list)}
            return replace(reply, body=_dump(rest).encode())

        self._faults.append(_Fault(operation, act, when, times))

    def drop(
        self,
        operation: str,
        times: int | None = 1,
        *,
        when: Callable[[Json], bool] | None = None,
    ) -> None:
        """Close the connection in the middle of the true answer."""
        cut = _Fault(operation, lambda serve: replace(serve(), cut=True), when, times)
        self._faults.append(cut)

    def hang(
        self,
        operation: str,
        seconds: float = 2.0,
        *,
        when: Callable[[Json], bool] | None = None,
        times: int | None = 1,
    ) -> None:
        """Answer nothing for a while, and then close the connection; a stop does not wait."""

        def act(_: Serve) -> Reply:
            self._stopped.wait(seconds)
            raise ConnectionAbortedError

        self._faults.append(_Fault(operation, act, when, times))

    def meanwhile(
        self,
        operation: str,
        change: Callable[[Json], object],
        *,
        when: Callable[[Json], bool] | None = None,
        times: int | None = 1,
    ) -> None:
        """Change something when a valid request has arrived, just before it is answered."""

        def watch(params: Json) -> bool:
            nonlocal times
            if times != 0 and (when is None or when(params)):
                times = None if times is None else times - 1
                change(params)
            return False  # the request is left to the faults that follow

        self._faults.insert(0, _Fault(operation, lambda serve: serve(), watch, None))

    def expire_token(self, token: str) -> None:
        """Let a page token expire: whoever shows it from now on is refused."""
        self._expired_tokens.add(token)

    def expire_key(self, key: str) -> None:
        """Let temporary keys expire, whatever was said of their lifetime."""
        self._issued[key] = replace(self._issued[key], expires=0.0)

    def heal(self) -> None:
        """Take back all faults, and let page tokens that expired count again."""
        with self._lock:
            self._faults.clear()
            self._expired_tokens.clear()
            self.repeat_token.clear()

    def bucket(self, rate: float, burst: float | None = None, seconds: float = math.inf) -> None:
        """Throttle Glue calls above ``rate`` a second, per account and region.

        Args:
            rate: how many are let through in each second.
            burst: how many are let through at once after a rest; those of one second by default.
            seconds: how long this lasts from the first call on.
        """
        self._limit = rate, rate if burst is None else burst, seconds

    def traffic(self, after: float = 0.0) -> Traffic:
        """Count the Glue calls that arrived since so many seconds after the first one."""
        calls = [call for call in list(self.calls) if call.service == "glue"]
        start = calls[0].started + after if calls else 0.0
        calls = [call for call in calls if call.started >= start]
        throttled = sum(call.error.startswith("ThrottlingException") for call in calls)
        return Traffic(len(calls), throttled, calls[-1].started - start if calls else 0.0)

    def params(self, operation: str) -> list[Json]:
        """Return the parameters of every call of an operation."""
        return [call.params for call in list(self.calls) if call.operation == operation]

    def count(self, operation: str) -> int:
        """Return how often an operation was called."""
        return len(self.params(operation))

    def know(self, key: str, token: str, account_id: str = "123456789012") -> None:
        """Take temporary keys for good that another service gave out."""
        arn = f"arn:aws:sts::{account_id}:assumed-role/elsewhere/session"
        self._issued[key] = _Identity(account_id, arn, token)

    def _answer(self, headers: Message, body: bytes) -> Reply:
        call, document = _received(headers, body)
        glue = call.service == "glue"
        with self._lock:
            self.calls.append(call)
            self._in_flight += glue
            self.in_flight_peak = max(self.in_flight_peak, self._in_flight)
        try:
            self._stopped.wait(self.latency)
            caller = self._identify(call, headers["X-Amz-Security-Token"] or "")
            self._throttle(call)
            if call.service == "sts":
                return self._faulty(call, lambda: self._sts(call, caller))
            model = self._known(call, document)
            if not glue:
                if call.service == "organizations":
                    return self._faulty(call, lambda: self._page(call, model, self.organization))
                return self._faulty(call, lambda: self._other(call, model))
            return self._faulty(call, lambda: self._glue(call, model))
        except AwsError as error:
            call.error = str(error)
            return _refusal(call.service, error)
        finally:
            # Before anything is written: a client that has its answer finds the record complete.
            with self._lock:
                self._in_flight -= glue
                call.finished = time.monotonic()

    def _known(self, call: Call, document: Any) -> OperationModel:
        """Return an operation's model, before any fault: the unknown is denied to nobody."""
        model = _checked(call.service, call.operation, document)
        if call.operation == "GetCatalogs" and not self._knows_catalogs(call):
            raise AwsError("UnknownOperationException")
        return model

    def _knows_catalogs(self, call: Call) -> bool:
        return self.store(call.account_id, call.region).catalogs is not None

    def _identify(self, call: Call, token: str) -> _Identity:
        status, missing, unknown, expired = _REFUSALS.get(call.service, _REFUSALS["glue"])
        key, text = call.access_key, "The security token included in the request is "
        if not key:
            raise AwsError(missing, "Missing Authentication Token", status)
        if account := self.accounts.get(key):
            caller: _Identity | None = _Identity(account, f"arn:aws:iam::{account}:user/{key}")
        else:
            caller = self._issued.get(key)
        if not caller or caller.token != token:
            raise AwsError(unknown, f"{text}invalid.", status)
        if caller.expires <= time.time():
            raise AwsError(expired, f"{text}expired", status)
        call.account_id = caller.account_id
        return caller

    def _throttle(self, call: Call) -> None:
        if call.service != "glue" or self._limit is None:
            return
        with self._lock:
            place = call.account_id, call.region
            if place not in self._buckets:
                self._buckets[place] = _Bucket(*self._limit)
            if self._buckets[place].take():
                return
        raise AwsError("ThrottlingException", "Rate exceeded")

    def _faulty(self, call: Call, serve: Serve) -> Reply:
        with self._lock:
            fault = next((fault for fault in self._faults if fault.fits(call)), None)
            if fault and fault.times is not None:
                fault.times -= 1
        return fault.act(serve) if fault else serve()

    def _sts(self, call: Call, caller: _Identity) -> Reply:
        if call.operation == "GetCallerIdentity":
            who = {"Arn": caller.arn, "UserId": call.access_key, "Account": caller.account_id}
            return _xml_reply("GetCallerIdentityResponse", {"GetCallerIdentityResult": who})
        if call.operation != "AssumeRole":
            raise AwsError("InvalidAction", f"Could not find operation {call.operation}")
        if lacking := {"RoleArn", "RoleSessionName"} - call.params.keys():
            raise AwsError("ValidationError", f"{min(lacking)} must not be null")
        arn, session = call.params["RoleArn"], call.params["RoleSessionName"]
        role = self.roles.get(arn)
        if not role or role.external_id not in (None, call.params.get("ExternalId")):
            denied = f"is not authorized to perform: sts:AssumeRole on resource: {arn}"
            raise AwsError("AccessDenied", f"User: {caller.arn} {denied}", 403)
        path = f"assumed-role/{arn.rpartition('/')[2]}/{session}"
        expires = time.time() + role.duration_seconds
        issued = _Identity(
            role.account_id,
            f"arn:aws:sts::{role.account_id}:{path}",
            secrets.token_hex(99),
            expires,
        )
        key = "ASIA" + secrets.token_hex(8).upper()
        self._issued[key] = issued
        credentials = {
            "AccessKeyId": key,
            "SecretAccessKey": secrets.token_hex(20),
            "SessionToken": issued.token,
            "Expiration": f"{datetime.fromtimestamp(expires, timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        }
        user = {"Arn": issued.arn, "AssumedRoleId": f"{key}:{session}"}
        result = {"Credentials": credentials, "AssumedRoleUser": user}
        return _xml_reply("AssumeRoleResponse", {"AssumeRoleResult": result})

    def _glue(self, call: Call, model: OperationModel) -> Reply:
        store = self.store(call.account_id, call.region)
        operation, params = call.operation, call.params
        if operation in _BATCHES:
            return Reply(_dump(store.batch_for(operation, params)).encode())
        if operation == "GetJob":
            return Reply(_dump({"Job": store.job(params["JobName"])}).encode())
        if "CatalogId" in _members(model.input_shape):
            params = params | {"CatalogId": store.catalog_id(params)}
            if "DatabaseName" in params:
                store.database(params["CatalogId"], params["DatabaseName"])
        rows: Sequence[Any]
        if operation == "GetCatalogs":
            rows = store.catalogs_for(params)
        elif operation == "GetDatabases":
            rows = store.databases.get(params["CatalogId"], ())
        elif operation == "GetTables":
            rows = self._tables(store, params["CatalogId"], params["DatabaseName"])
        else:
            rows = store.items_for(operation, params)
        return self._page(call, model, rows)

    def _other(self, call: Call, _: OperationModel) -> Reply:
        raise AwsError("UnknownOperationException", call.operation)

    def _tables(self, store: Store, catalog: str, name: str) -> Sequence[Json]:
        if link := store.database(catalog, name).get("TargetDatabase"):
            catalog, name = link["CatalogId"], link["DatabaseName"]
            store = self.store(catalog.partition(":")[0], link.get("Region", store.region))
            store.database(catalog, name)
        return store.tables.get((catalog, name), ())

    def _page(self, call: Call, model: OperationModel, rows: Sequence[Any]) -> Reply:
        asked, answered = _members(model.input_shape), _members(model.output_shape)
        lists = [name for name, shape in answered.items() if isinstance(shape, ListShape)]
        if "NextToken" not in answered or len(lists) != 1:
            raise AwsError("NotImplementedByFakeAws", f"{call.operation} is no paged list.", 501)
        most = asked["MaxResults"].metadata.get("max", 100) if "MaxResults" in asked else 100
        size = min(call.params.get("MaxResults", most), self.page_size or most)
        if call.params.get("NextToken") in self._expired_tokens:
            raise _invalid("NextToken has expired.")
        start, empty = _position(call)
        stop = start if empty else min(start + size, len(rows))
        first = start - (self.overlap and 0 < start < stop)
        text = f'"{lists[0]}":[{_joined(rows, first, stop)}]'
        if call.operation in self.repeat_token:
            text += f',"NextToken":"{_token(call, 0)}"'
        elif stop < len(rows):
            text += f',"NextToken":"{_token(call, stop, empty=self.empty_pages and not empty)}"'
        return Reply(f"{{{text}}}".encode())


def _without_nodes(job: Json) -> Json:
    hidden = {"CodeGenConfigurationNodes"} if job.get("JobMode") == "VISUAL" else ()
    return {name: value for name, value in job.items() if name not in hidden}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a burst of connections must not wait for repeated SYNs

    def __init__(self, answer: Callable[[Message, bytes], Reply]) -> None:
        self.answer = answer
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._connections):
            with suppress(OSError):  # the client may have been faster
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client may hang up at any time
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.headers["X-Path"] = self.path  # which names the operation, where a service has paths
        reply = self.server.answer(self.headers, self.rfile.read(size))
        head = (
            f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n"
            f"Date: {self.date_time_string()}\r\nx-amzn-RequestId: {secrets.token_hex(16)}\r\n"
            f"Content-Type: {reply.content_type}\r\nContent-Length: {len(reply.body)}\r\n\r\n"
        )
        self.close_connection = reply.cut
        body = reply.body[: len(reply.body) // 2] if reply.cut else reply.body
        # One write: a second small one could wait for the client's delayed acknowledgement.
        self.wfile.write(head.encode() + body)

    def log_message(self, *_: Any) -> None:
        pass


def _received(headers: Message, body: bytes) -> tuple[Call, Any]:
    scope = _SCOPE.search(headers["Authorization"] or "")
    key, region, name = scope.groups() if scope else ("", "", "")
    document: Any = None
    target = headers["X-Amz-Target"]
    if target or name in _OTHERS:
        service = _OTHERS.get(name, "glue")
        operation = (target or headers["X-Path"]).strip("/")
        operation = operation.rpartition(".")[2]
        with suppress(ValueError):  # what is no JSON is refused like what is no object
            document = json.loads(body)
    else:
        document = dict(parse_qsl(body.decode(), keep_blank_values=True))
        service, operation, _ = "sts", document.pop("Action", ""), document.pop("Version", "")
    params = document if isinstance(document, dict) else {}
    agent = headers["User-Agent"] or ""
    return Call(service, operation, params, region, key, agent, time.monotonic()), document


@functools.cache
def _service(name: str = "glue") -> ServiceModel:
    # Not by a session, which would look for the profile that the test is about.
    return ServiceModel(create_loader().load_service_model(name, "service-2"), name)


def _members(shape: Shape | None) -> dict[str, Shape]:
    return shape.members if isinstance(shape, StructureShape) else {}


def _checked(service: str, operation: str, document: Any) -> OperationModel:
    """Return an operation's model if AWS would accept the request."""
    if operation not in _service(service).operation_names:
        raise AwsError("UnknownOperationException")
    model = _service(service).operation_model(operation)
    shape = model.input_shape
    assert shape is not None  # every operation takes a structure, be it empty
    report: str = ParamValidator().validate(document, shape).generate_report()
    if re.search("^(Unknown parameter|Invalid type)", report, re.MULTILINE):
        raise AwsError("SerializationException", report)
    if report:
        raise _invalid(report)
    _check_limits(document, shape, "input")
    return model


def _check_limits(value: Any, shape: Shape, name: str) -> None:
    """Refuse what botocore leaves to the service: maxima, enums, and booleans as numbers."""
    if isinstance(value, bool) and shape.type_name != "boolean":
        raise AwsError("SerializationException", f"{name} must be a {shape.type_name}")
    for key, child in _members(shape).items():
        if key in value:
            _check_limits(value[key], child, f"{name}.{key}")
    if isinstance(shape, MapShape):
        for key, item in value.items():
            _check_limits(key, shape.key, f"{name} (key)")
            _check_limits(item, shape.value, f"{name}.{key}")
    if isinstance(shape, ListShape):
        for index, item in enumerate(value):
            _check_limits(item, shape.member, f"{name}[{index}]")
    limits, text = shape.metadata, f"Value '{value}' at '{name}' failed to satisfy constraint: "
    if "enum" in limits and value not in limits["enum"]:
        raise _invalid(f"{text}Member must satisfy enum value set: {limits['enum']}")
    size = value if isinstance(value, (int, float)) else len(value)
    if size > limits.get("max", math.inf):
        raise _invalid(f"{text}Member must have a value or length of at most {limits['max']}")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)


def _token(call: Call, start: int, *, empty: bool = False) -> str:
    bound = {k: v for k, v in call.params.items() if k not in ("MaxResults", "NextToken")}
    key = json.dumps([call.operation, call.account_id, call.region, bound], sort_keys=True)
    digest = hashlib.sha256(key.encode()).hexdigest()
    return base64.b64encode(f"{digest} {start} {empty:d}".encode()).decode()


def _position(call: Call) -> tuple[int, bool]:
    """Return where a page starts, and whether it is an empty one put in between."""
    if (token := call.params.get("NextToken")) is None:
        return 0, False
    with suppress(ValueError):
        _, start, empty = base64.b64decode(token, validate=True).decode().split()
        if token == _token(call, int(start), empty=empty == "1"):
            return int(start), empty == "1"
    raise _invalid("NextToken does not belong to this request.")


def _table(catalog_id: str, database: str, name: str) -> Json:
    place = {"CatalogId": catalog_id, "DatabaseName": database}
    return {"Name": name, **place, "CreateTime": _CREATED, "UpdateTime": _CREATED}


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _joined(rows: Sequence[Any], start: int, stop: int) -> str:
    if isinstance(rows, GeneratedTables):
        return ",".join(map(rows.text, range(start, stop)))
    return ",".join(map(_dump, rows[start:stop]))


def _refusal(service: str, error: AwsError) -> Reply:
    if service != "sts":
        text = _dump({"__type": error.code, "Message": error.message})
        return Reply(text.encode(), error.status)
    detail = {"Type": "Sender", "Code": error.code, "Message": error.message}
    return _xml_reply("ErrorResponse", {"Error": detail}, error.status)


def _xml_reply(root: str, content: Json, status: int = 200) -> Reply:
    space = "https://sts.amazonaws.com/doc/2011-06-15/"
    text = f'<{root} xmlns="{space}">{_xml(content)}</{root}>'
    return Reply(text.encode(), status, "text/xml")


def _xml(value: str | Json) -> str:
    if isinstance(value, str):
        return escape(value)
    return "".join(f"<{name}>{_xml(item)}</{name}>" for name, item in value.items())


def _main() -> None:
    parser = argparse.ArgumentParser(description="Serve a generated catalog until stdin closes.")
    for option, default in (("databases", 3), ("tables", 250), ("columns", 5)):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--page-size", type=int)
    options = parser.parse_args()
    with FakeAws(page_size=options.page_size, latency=options.latency) as endpoint:
        endpoint.store().generate(options.databases, options.tables, options.columns)
        sys.stdout.write(f"{endpoint.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    _main()
