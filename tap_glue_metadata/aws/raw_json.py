"""Glue clients that hand out the JSON of an answer as it is."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
from botocore.parsers import JSONParser, ResponseParserFactory

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.client import BaseClient
    from botocore.model import Shape
    from botocore.session import Session

Json: TypeAlias = "dict[str, Any]"

_UNREADABLE: Final = "RequestTimeout"  # one of the codes that botocore takes for transient


def create_client(session: Session, service: str = "glue", **arguments: Any) -> BaseClient:
    """Create a client that answers with raw JSON.

    The parser is registered for the making of this one client, so that all other clients of the
    session keep botocore's own.

    Args:
        session: botocore's session.
        service: A service whose protocol is JSON.
        arguments: The arguments of its `create_client`, the service apart.

    Returns:
        The client.
    """
    with _parser_factory(session, _RawJsonParserFactory()):
        return session.create_client(service, **arguments)


@contextmanager
def _parser_factory(session: Session, factory: ResponseParserFactory) -> Iterator[None]:
    component = "response_parser_factory"
    usual = session.get_component(component)
    session.register_component(component, factory)
    try:
        yield
    finally:
        session.register_component(component, usual)


class _RawJsonParser(JSONParser):
    """Hands out an answer's JSON as it is; leaves errors to botocore.

    botocore's own parser visits every member by its shape, which costs three times as much as all
    else that the tap does with it, and takes a body that is no JSON for an empty answer.
    """

    @override
    def parse(self, response: Mapping[str, Any], shape: Shape) -> Json:
        if response["status_code"] >= 300:  # noqa: PLR2004 - HTTP's first status that is no success
            parsed: Json = super().parse(response, shape)
            return parsed
        metadata: Json = {"HTTPStatusCode": response["status_code"]}
        try:
            answer: Json = msgspec.json.decode(response["body"], type=dict)
        except msgspec.MsgspecError:
            # An error that botocore repeats within its policy; the last one shows in the metadata.
            metadata["Unreadable"] = True
            answer = {"Error": {"Code": _UNREADABLE, "Message": "the body is no JSON object"}}
        return {**answer, "ResponseMetadata": metadata}


class _RawJsonParserFactory(ResponseParserFactory):
    @override
    def create_parser(self, protocol_name: str) -> _RawJsonParser:
        return _RawJsonParser()
