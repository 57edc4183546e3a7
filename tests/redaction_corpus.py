"""The corpus of secrets and harmless values: read, filled in, and planted where Glue holds them."""

from __future__ import annotations

import base64
import random
import re
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore import xform_name
from glue_strategies import MODEL

from tap_glue_metadata.records.projection import MEMBER, compile_projection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_glue_metadata.redaction import Redactor

FOLDER: Final = Path(__file__).parent / "records" / "corpus"
_LETTERS: Final = string.ascii_letters + string.digits
_HEX: Final = "0123456789abcdef"
_ALPHABETS: Final = {
    "hex": _HEX,
    "an": _LETTERS,
    "b64": _LETTERS + "+/",
    "url": _LETTERS + "-_",
    "up": string.ascii_uppercase + "234567",
    "low": string.ascii_lowercase + string.digits,
    "dec": string.digits,
}
_WORDS: Final = ("Winter", "Summer", "Welcome", "Dragon", "Sunshine", "Orders", "Monday", "Falcon")
_MARK: Final = re.compile("«(.*?)»", re.DOTALL)
_BASE64_OF: Final = re.compile(r"\{b64of:(.*?\}?)\}(?=»|$| \*/)", re.DOTALL)
_VIEW: Final = re.compile(r"View: (\S+) \*/")
_RUN: Final = 16  # a secret of which so many characters are left in a row is not hidden


class Case(NamedTuple):
    """A value in its place.

    Attributes:
        line: As it is in the corpus.
        path: The shape, then its members, then keys.
        value: The value, filled in.
        secrets: The parts that must go; none if it is harmless.
    """

    line: str
    path: tuple[str, ...]
    value: str
    secrets: tuple[str, ...]


def cases(name: str) -> list[Case]:
    """Read a file of the corpus."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [_case(line) for line in lines if line and not line.startswith("#")]


def record(case: Case, redactor: Redactor) -> Any:
    """Make the record of an object that holds nothing but the value, as a stream makes it."""
    shape, *parts = case.path
    schema, raw = _plant(MODEL.shape_for(shape), parts, case.value)
    return compile_projection(schema, redactor)(raw)


def leaks(case: Case, found: Any) -> bool:
    """Tell whether a secret, or much of it, is still in a record."""
    text = "\n".join(strings(found))
    text += "".join(base64.b64decode(view).decode() for view in _VIEW.findall(text))
    return any(
        secret[start : start + _RUN] in text
        for secret in case.secrets
        for start in range(max(1, len(secret) - _RUN + 1))
    )


def strings(tree: Any) -> Iterator[str]:
    """Give every string of a record, keys of maps included."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        yield from tree
        for inner in tree.values():
            yield from strings(inner)
    elif isinstance(tree, list):
        for inner in tree:
            yield from strings(inner)


def _case(line: str) -> Case:
    dice = random.Random(line)  # noqa: S311 - the same values in every run
    place, _, value = line.replace("·", "").partition(" ::")
    members, *keys = place.split(" > ")
    secrets: list[str] = []
    parts = [_plain(_filled(part, dice), secrets) for part in (*keys, value.removeprefix(" "))]
    return Case(line, (*members.split("."), *parts[:-1]), parts[-1], tuple(secrets))


def _plain(text: str, secrets: list[str]) -> str:
    """Take the marks out of a text, and note what they were around."""

    def encode(match: re.Match[str]) -> str:
        return base64.b64encode(unmark(match[1]).encode()).decode()

    def unmark(text: str) -> str:
        secrets.extend(_MARK.findall(text))
        return _MARK.sub(r"\1", text)

    text = text.replace(r"\\", "\0").replace(r"\n", "\n").replace("\0", "\\")
    return unmark(_BASE64_OF.sub(encode, text))


def _filled(text: str, dice: random.Random) -> str:
    def some(kind: str, size: int) -> str:
        return "".join(dice.choices(_ALPHABETS[kind], k=size))

    def one(match: re.Match[str]) -> str:
        kind, size = match[1], int(match[2] or 0)
        if kind in _ALPHABETS:
            return some(kind, size)
        begin, end = (f"-----{word} PRIVATE {'KEY'}-----" for word in ("BEGIN", "END"))
        claims = (b'{"alg":"HS256"}', b'{"sub":"%d"}' % dice.randrange(10**9))
        header, payload = (base64.b64encode(claim).decode().rstrip("=") for claim in claims)
        made = {
            "pw": f"{some('an', 6)}{dice.choice('!#$%^*-_.')}7xQ",
            "weak": f"{dice.choice(_WORDS)}{dice.randrange(10, 2030)}{dice.choice(['', '!', '#'])}",
            "words": "-".join(dice.choices(_WORDS, k=4)).lower(),
            "uuid": "-".join(some("hex", size) for size in (8, 4, 4, 4, 12)),
            "jwt": f"{header}.{payload}.{some('url', 43)}",
            "pem": f"{begin}\n{some('an', 64)}\n{end}",
        }
        return made.get(kind, match[0])

    return re.sub(r"\{(\w+?)(?::(\d+))?\}", one, text)


def _plant(shape: Any, parts: list[str], value: str) -> tuple[dict[str, Any], Any]:
    """Make the schema and the raw JSON of one value, as far as it takes."""
    if getattr(shape, "is_document_type", False) or shape.name == "CodeGenConfigurationNodes":
        return {"type": ["object", "null"], "additionalProperties": True}, _nested(parts, value)
    if shape.type_name == "structure":
        schema, raw = _plant(shape.members[parts[0]], parts[1:], value)
        properties = {xform_name(parts[0]): {**schema, MEMBER: parts[0]}}
        return {"type": ["object", "null"], "properties": properties}, {parts[0]: raw}
    if shape.type_name == "list":
        schema, raw = _plant(shape.member, parts, value)
        return {"type": ["array", "null"], "items": schema}, [raw]
    if shape.type_name == "map":
        schema, raw = _plant(shape.value, parts[1:], value)
        return {"type": ["object", "null"], "additionalProperties": schema}, {parts[0]: raw}
    assert not parts, parts
    return {"type": ["string", "null"]}, value


def _nested(parts: list[str], value: str) -> Any:
    if not parts:
        return value
    inner = _nested(parts[1:], value)
    return [inner] if parts[0].isdecimal() else {parts[0]: inner}
