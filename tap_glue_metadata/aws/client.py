"""Client: read-only calls to AWS Glue, and to its like, that answer with raw JSON."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from tap_glue_metadata.aws.errors import (
    THROTTLED,
    AbsentError,
    AwsError,
    LostRoleError,
    TapError,
    translate,
)
from tap_glue_metadata.aws.models import action_of
from tap_glue_metadata.aws.raw_json import PROBLEM, REPLACED, SIZE, checked_by

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from botocore.client import BaseClient
    from botocore.model import OperationModel, Shape

    from tap_glue_metadata.aws.raw_json import Json

# Page sizes that the service accepts where its model names a larger one.
_PAGE_SIZE_LIMITS: Final = {
    "GetDevEndpoints": 200,
    "GetSecurityConfigurations": 200,
    "GetWorkflowRuns": 200,
    "ListCrawls": 100,
}
_AWS_DOMAINS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class ReadOnlyError(TapError):
    """A call to an operation that is not on the list."""


class Answer(NamedTuple):
    """What came of a call.

    Attributes:
        content: The answer as raw JSON, in AWS's casing.
        retries: How many times the call was repeated.
        throttled: How many times it was throttled.
        replaced: How many characters of it were replaced, since no text may hold them.
        size: How many bytes it has.
    """

    content: Json
    retries: int
    throttled: int
    replaced: int
    size: int


class Client:
    """Calls one service for one account and region; only the operations on its list.

    The threads of a run share it.
    """

    def __init__(self, client: BaseClient, operations: Collection[str]) -> None:
        """Wrap a client that `create_client` made.

        Args:
            client: botocore's client.
            operations: The operations that may be called.
        """
        self._client = client
        self._service = client.meta.service_model.service_name
        self._operations = frozenset(operations)
        self._thread = threading.local()  # of the call that the thread makes
        events = client.meta.events
        events.register_first(f"needs-retry.{self._service}", self._count_throttles)
        if not str(urlsplit(client.meta.endpoint_url).hostname).endswith(_AWS_DOMAINS):
            events.register_first(f"needs-retry.{self._service}", _stop_if_absent)

    def call(
        self,
        operation: str,
        request: Mapping[str, Any],
        problem: Callable[[Json], str | None] = lambda _: None,
    ) -> Answer:
        """Call an operation once (botocore retries within its policy).

        Args:
            operation: The operation's name.
            request: Its parameters, in AWS's casing.
            problem: Tells why an answer is not one, None if it is; such an answer is retried too.

        Returns:
            The answer.

        Raises:
            ReadOnlyError: The operation is not on the list.
            AwsError: AWS answered with an error, or not at all.
        """
        action, where = action_of(self._service, operation), self._where(request)
        if operation not in self._operations:  # of which botocore's client has no method either
            raise ReadOnlyError(f"{action} is not an operation that this tap may call")
        self._thread.throttled = 0
        try:
            with checked_by(self._answers(operation), problem):
                content: Json = getattr(self._client, xform_name(operation))(**request)
        except (ClientError, BotoCoreError) as error:
            asked = getattr(error, "operation_name", operation)
            if asked != operation:  # the role's credentials had to be refreshed
                raise _lost(translate(error, f"sts:{asked}", "these credentials")) from error
            raise translate(error, action, where) from error
        except RuntimeError as error:  # how botocore tells that fresh credentials were expired
            raise _lost(AwsError(str(error))) from error
        metadata = content.pop("ResponseMetadata")
        if PROBLEM in metadata:
            unreadable = AwsError(f"{action} for {where} failed: {metadata[PROBLEM]}")
            unreadable.action = action
            raise unreadable
        return Answer(
            content,
            metadata.get("RetryAttempts", 0),
            self._thread.throttled,
            metadata[REPLACED],
            metadata[SIZE],
        )

    def takes(self, operation: str) -> Mapping[str, Shape]:
        """Return the parameters that the service's model gives an operation."""
        shape = self._client.meta.service_model.operation_model(operation).input_shape
        return {} if shape is None else shape.members

    def _answers(self, operation: str) -> str:
        """Return the name of the shape of an operation's answers."""
        shape = self._client.meta.service_model.operation_model(operation).output_shape
        return "" if shape is None else shape.name

    def page_size(self, operation: str) -> int | None:
        """Return the largest page that the service gives, None where it takes no size."""
        size = self.takes(operation).get("MaxResults")
        if size is None or "max" not in size.metadata:
            return None
        return min(int(size.metadata["max"]), _PAGE_SIZE_LIMITS.get(operation, sys.maxsize))

    def _where(self, request: Mapping[str, Any]) -> str:
        names = [
            f"{name} {value}"
            for name, value in request.items()
            if isinstance(value, str) and name.endswith(("Id", "Name", "Arn"))
        ]
        return ", ".join([*names, f"region {self._client.meta.region_name}"])

    def _count_throttles(self, response: tuple[Any, Json] | None, **_: Any) -> None:
        if response is not None and response[1].get("Error", {}).get("Code") in THROTTLED:
            self._thread.throttled += 1


def _lost(cause: AwsError) -> LostRoleError:
    lost = LostRoleError(f"The credentials could not be refreshed: {cause}")
    lost.action, lost.code = cause.action, cause.code
    return lost


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
