"""GlueClient: read-only, paged calls to AWS Glue that answer with raw JSON."""

from __future__ import annotations

import copy
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from tap_glue_metadata.aws.errors import AbsentError, AwsError, LostRoleError, TapError, translate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from botocore.client import BaseClient
    from botocore.model import OperationModel, Shape

    from tap_glue_metadata.aws.raw_json import Json

# Page sizes that the service accepts where its model names a larger one.
_PAGE_SIZE_LIMITS: Final = {
    "GetDevEndpoints": 200,
    "GetSecurityConfigurations": 200,
    "GetWorkflowRuns": 200,
}
_AWS_DOMAINS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


@dataclass(frozen=True)
class Listing:
    """A paged operation.

    Attributes:
        operation: The operation's name, such as `GetTables`.
        items: The member of its answer that holds the list.
        params: Parameters that go out with every call.
    """

    operation: str
    items: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def operations(self) -> frozenset[str]:
        """The operations that are called."""
        return frozenset({self.operation})


@dataclass(frozen=True)
class BatchGet:
    """An operation that reads the objects which another one lists by name.

    Attributes:
        names: The operation that lists the names.
        operation: The operation that reads several objects by name.
        param: The parameter that takes the names.
        items: The member of its answer that holds the objects.
        params: Parameters that go out with every call.
    """

    names: Listing
    operation: str
    param: str
    items: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def operations(self) -> frozenset[str]:
        """The operations that are called."""
        return frozenset({self.names.operation, self.operation})


Source: TypeAlias = "Listing | BatchGet"


class ReadOnlyError(TapError):
    """A call to an operation that is not on the list."""


class GlueClient:
    """Calls Glue for one account and region.

    Only the operations on its list can be called, whoever holds the botocore client. The threads
    of a run share one client, and all clients of a run share the slots that bound its calls in
    flight.

    Attributes:
        calls: How often each operation was called, whatever came of it; retries apart.
        retries: How many calls had to be repeated.
    """

    def __init__(
        self,
        client: BaseClient,
        operations: Collection[str],
        slots: threading.Semaphore,
    ) -> None:
        """Wrap a client that `create_client` made.

        Args:
            client: botocore's client for Glue.
            operations: The operations that may be called.
            slots: Bounds the calls in flight.
        """
        self.calls: Counter[str] = Counter()
        self.retries = 0
        self._client = client
        self._operations = frozenset(operations)
        self._slots = slots
        self._counting = threading.Lock()
        client.meta.events.register_first("before-parameter-build.glue", self._guard)
        if not str(urlsplit(client.meta.endpoint_url).hostname).endswith(_AWS_DOMAINS):
            client.meta.events.register_first("needs-retry.glue", _stop_if_absent)

    def counted_anew(self) -> GlueClient:
        """Return the same client with counts of its own, which begin at nothing."""
        client = copy.copy(self)
        client.calls, client.retries, client._counting = Counter(), 0, threading.Lock()  # noqa: SLF001 - of its own class
        return client

    def call(self, operation: str, **params: Any) -> Json:
        """Call an operation once (botocore retries within its policy).

        Args:
            operation: The operation's name.
            params: Its parameters, in AWS's casing.

        Returns:
            The answer as raw JSON, in AWS's casing.

        Raises:
            ReadOnlyError: The operation is not on the list.
            AwsError: AWS answered with an error, or not at all.
        """
        method = getattr(self._client, xform_name(operation))
        try:
            with self._slots:
                answer: Json = method(**params)
        except (ClientError, BotoCoreError) as error:
            self._count(
                operation, (getattr(error, "response", None) or {}).get("ResponseMetadata", {})
            )
            asked = getattr(error, "operation_name", operation)
            if asked != operation:  # the role's credentials had to be fetched anew
                cause = translate(error, f"sts:{asked}", "these credentials")
                lost = LostRoleError(f"The credentials could not be refreshed: {cause}")
                lost.action, lost.code = cause.action, cause.code
                raise lost from error
            raise translate(error, f"glue:{operation}", self._where(params)) from error
        except RuntimeError as error:  # how botocore tells that fresh credentials were expired
            raise LostRoleError(f"The credentials could not be refreshed: {error}") from error
        metadata = answer.pop("ResponseMetadata")
        self._count(operation, metadata)
        if metadata.get("Unreadable"):
            raise AwsError(
                f"glue:{operation} for {self._where(params)} failed: the answer is no JSON object "
                "(cut off, or not from AWS Glue); check aws_endpoint_url and the network"
            )
        return answer

    def smallest(self, operation: str, items: int = 1, /, **params: Any) -> Json:
        """Call an operation for as little as it gives.

        Args:
            operation: The operation's name.
            items: How many items to ask for.
            params: Its parameters, in AWS's casing.

        Returns:
            The answer, with so many items where the operation takes a page size.

        Raises:
            AwsError: AWS answered with an error, or not at all.
        """
        if "MaxResults" in self._input(operation):
            params["MaxResults"] = items
        return self.call(operation, **params)

    def pages(self, listing: Listing, **params: Any) -> Iterator[list[Any]]:
        """Read a listing page by page, until an answer carries no token.

        Args:
            listing: What to read.
            params: Parameters that go out with every page, beside those of the listing.

        Yields:
            The items of each page; a page may be empty.

        Raises:
            AwsError: A call failed, or the service repeated a page token.
        """
        request = {**listing.params, **params}
        if page_size := self._page_size(listing.operation):
            request["MaxResults"] = page_size
        tokens: set[str] = set()
        while True:
            answer = self.call(listing.operation, **request)
            token = answer.get("NextToken")
            if token in tokens:  # told before the page, which may be a repeated one too
                raise AwsError(
                    f"glue:{listing.operation} for {self._where(params)} failed: the service "
                    "repeated a page token, so its list would never end; run again"
                )
            yield answer.get(listing.items) or []
            if not token:
                return
            tokens.add(token)
            request["NextToken"] = token

    def batches(self, source: BatchGet, **params: Any) -> Iterator[list[str]]:
        """List the names of a source in batches that its reading operation takes.

        Args:
            source: What to read.
            params: Parameters that go out with every page of names.

        Yields:
            One batch of names after the other, none of them empty.
        """
        size = self._input(source.operation)[source.param].metadata["max"]
        for names in self.pages(source.names, **params):
            for start in range(0, len(names), size):
                yield names[start : start + size]

    def batch(self, source: BatchGet, names: list[str]) -> list[Json]:
        """Read the objects of one batch of names.

        Args:
            source: What to read.
            names: The names, as `batches` yields them.

        Returns:
            The objects; those that vanished since they were listed are missing.
        """
        answer = self.call(source.operation, **source.params, **{source.param: names})
        return answer.get(source.items) or []

    def _count(self, operation: str, metadata: Mapping[str, Any]) -> None:
        with self._counting:
            self.calls[operation] += 1
            self.retries += metadata.get("RetryAttempts", 0)

    def _page_size(self, operation: str) -> int | None:
        """Return the largest page that the service gives, or None where it takes no size."""
        size = self._input(operation).get("MaxResults")
        if size is None or "max" not in size.metadata:
            return None
        return min(int(size.metadata["max"]), _PAGE_SIZE_LIMITS.get(operation, sys.maxsize))

    def _input(self, operation: str) -> Mapping[str, Shape]:
        """Return the parameters that the service's model gives an operation."""
        shape = self._client.meta.service_model.operation_model(operation).input_shape
        return {} if shape is None else shape.members

    def _where(self, params: Mapping[str, Any]) -> str:
        names = [
            f"{name} {params[name]}" for name in ("CatalogId", "DatabaseName") if name in params
        ]
        return ", ".join([*names, f"region {self._client.meta.region_name}"])

    def _guard(self, model: OperationModel, **_: Any) -> None:
        if model.name not in self._operations:
            raise ReadOnlyError(f"glue:{model.name} is not an operation that this tap may call")


def _stop_if_absent(operation: OperationModel, response: tuple[Any, Json] | None, **_: Any) -> None:
    """Do not repeat GetCatalogs at an emulator that fails over it.

    An emulator such as moto's server answers an operation that it does not know with status 500
    and an HTML page, which botocore would repeat for a minute. AWS's own endpoints are never
    asked: there, status 500 is a fault that passes.
    """
    if operation.name == "GetCatalogs" and response is not None:
        _, parsed = response
        if parsed.get("Error", {}).get("Code") == "500":
            raise AbsentError("glue:GetCatalogs is not known to the endpoint")
