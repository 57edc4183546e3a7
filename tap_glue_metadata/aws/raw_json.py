"""Glue clients that hand out the JSON of an answer as it is."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
from botocore.parsers import JSONParser, ResponseParserFactory

from tap_glue_metadata.texts import decode

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.client import BaseClient
    from botocore.model import Shape
    from botocore.parsers import ResponseParser
    from botocore.session import Session

Json: TypeAlias = "dict[str, Any]"

PROBLEM: Final = "Problem"
"""The key in an answer's metadata of what is wrong with it, where it is none."""
REPLACED: Final = "ReplacedCharacters"
"""The key in an answer's metadata of how many characters were replaced that no text may hold."""
SIZE: Final = "Size"
"""The key in an answer's metadata of how many bytes its body has."""
_UNREADABLE: Final = "RequestTimeout"  # one of the codes that botocore takes for transient

# The shape of the answers that are checked, and how.
_CHECK: ContextVar[tuple[str, Callable[[Json], str | None]] | None] = ContextVar(
    "_CHECK", default=None
)


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


@contextmanager
def checked_by(shape: str, problem: Callable[[Json], str | None]) -> Iterator[None]:
    """Check the answers to the calls that this thread makes; botocore retries what is wrong.

    Args:
        shape: The shape of the answers that are checked; not those to calls for credentials.
        problem: Tells why an answer with the status of a success is not one, None if it is.
    """
    token = _CHECK.set((shape, problem))
    try:
        yield
    finally:
        _CHECK.reset(token)


class _RawJsonParser(JSONParser):
    """Hands out an answer's JSON as it is; leaves errors to botocore.

    botocore's own parser visits every member by its shape, which costs three times as much as all
    else that the tap does with it, and takes a body that is no JSON for an empty answer.
    """

    def __init__(self, errors: ResponseParser) -> None:
        """Make the parser.

        Args:
            errors: botocore's own, for errors.
        """
        super().__init__()
        self._errors = errors

    @override
    def parse(self, response: Mapping[str, Any], shape: Shape) -> Json:
        if response["status_code"] >= 300:  # noqa: PLR2004 - HTTP's first status that is no success
            parsed: Json = self._errors.parse(response, shape)
            return parsed
        metadata: Json = {"HTTPStatusCode": response["status_code"], SIZE: len(response["body"])}
        try:
            answer, metadata[REPLACED] = decode(response["body"], _parse)
            problem = _problem(answer, shape)
        except (ValueError, RecursionError):
            problem = "the answer is not a JSON object, or is nested too deeply"
        if problem:
            # An error that botocore retries within its policy; the last one is in the metadata.
            metadata[PROBLEM] = (
                f"{problem} (it is cut off, or does not come from AWS); check aws_endpoint_url "
                "and the network"
            )
            answer = {"Error": {"Code": _UNREADABLE, "Message": problem}}
        return {**answer, "ResponseMetadata": metadata}


_LARGE: Final = 1_000_000  # bytes; a page of 100 tables of 50 columns has less than half as many


class _Elements(list[Any]):
    """A list of JSON texts that are decoded each time they are looked at, one by one.

    A page of twenty tables may hold 200,000 columns, which take ten times as much memory once they
    are decoded.
    """

    @override
    def __iter__(self) -> Iterator[Any]:
        return map(msgspec.json.decode, super().__iter__())

    @override
    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return _Elements(found) if isinstance(index, slice) else msgspec.json.decode(found)


def _parse(body: bytes) -> Json:
    """Decode an answer; the lists of a large one element by element.

    Raises:
        ValueError: It is no JSON object.
    """
    if len(body) < _LARGE:
        return msgspec.json.decode(body, type=dict)
    answer: Json = {}
    for name, text in msgspec.json.decode(body, type=dict[str, msgspec.Raw]).items():
        if memoryview(text)[0] == ord("["):
            answer[name] = _Elements(msgspec.json.decode(text, type=list[msgspec.Raw]))
            for _ in answer[name]:  # what cannot be read is to be found out here
                pass
        else:
            answer[name] = msgspec.json.decode(text)
    return answer


def _problem(answer: Json, shape: Any) -> str | None:  # noqa: ANN401 - any subclass of Shape
    # An error, or another service's answer, may come with the status of a success.
    if answer and answer.keys().isdisjoint(shape.members):
        return "the answer has nothing that this operation answers with"
    check = _CHECK.get()
    return check[1](answer) if check and check[0] == shape.name else None


class _RawJsonParserFactory(ResponseParserFactory):
    @override
    def create_parser(self, protocol_name: str) -> _RawJsonParser:
        return _RawJsonParser(super().create_parser(protocol_name))
