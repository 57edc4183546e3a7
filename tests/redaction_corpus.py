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
_ALPHABETS: Final = {
    "hex": "0123456789abcdef",
    "an": _LETTERS,
    "b64": _LETTERS + "+/",
    "url": _LETTERS + "-_",
    "up": string.ascii_uppercase + "234567",
    "low": string.ascii_lowercase + string.digits,
    "dec": string.digits,
}
_WORDS: Final = [
    "Winter",
    "Summer",
    "Welcome",
    "Dragon",
    "Sunshine",
    "Glue",
    "Orders",
    "Monday",
    "Falcon",
]
_MARK: Final = re.compile("«(.*?)»", re.DOTALL)


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
    """Read a file of the corpus.

    Args:
        name: Its name.
    """
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [_case(line) for line in lines if line and not line.startswith("#")]


def _case(line: str) -> Case:
    dice = random.Random(line)  # noqa: S311 - the same values in every run
    place, _, value = line.replace("·", "").partition(" ::")
    members, *keys = place.split(" > ")
    secrets: list[str] = []
    parts = [_plain(_fill(part, dice), secrets) for part in (*keys, value.removeprefix(" "))]
    return Case(line, (*members.split("."), *parts[:-1]), parts[-1], tuple(secrets))


def _plain(text: str, secrets: list[str]) -> str:
    """Take the marks out of a text, and note what they were around."""

    def encode(match: re.Match[str]) -> str:
        return base64.b64encode(unmark(match[1]).encode()).decode()

    def unmark(text: str) -> str:
        secrets.extend(_MARK.findall(text))
        return _MARK.sub(r"\1", text)

    text = text.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
    return unmark(re.sub(r"\{b64of:(.*?\}?)\}(?=»|$| \*/)", encode, text, flags=re.DOTALL))


def _fill(text: str, dice: random.Random) -> str:
    def one(match: re.Match[str]) -> str:  # noqa: PLR0911 - one for each kind of part
        kind, size = match[1], int(match[2] or 0)
        if kind in _ALPHABETS:
            return "".join(dice.choices(_ALPHABETS[kind], k=size))
        if kind == "pw":
            return (
                "".join(dice.choices(_LETTERS, k=6))
                + dice.choice("!#$%^*-_.")
                + dice.choice("7")
                + "xQ"
            )
        if kind == "weak":
            return dice.choice(_WORDS) + str(dice.randrange(10, 2030)) + dice.choice(["", "!", "#"])
        if kind == "words":
            return "-".join(dice.choices(_WORDS, k=4)).lower()
        if kind == "uuid":
            return "-".join(
                "".join(dice.choices("0123456789abcdef", k=k)) for k in (8, 4, 4, 4, 12)
            )
        if kind == "jwt":
            claims = f'{{"sub":"1","n":{dice.randrange(10**9)}}}'
            parts = ('{"alg":"HS256"}', claims)
            return ".".join(
                [*(_b64(p).rstrip("=") for p in parts), "".join(dice.choices(_LETTERS, k=43))]
            )
        if kind == "pem":
            body = "".join(dice.choices(_LETTERS, k=64))
            return f"-----BEGIN PRIVATE {'KEY'}-----\n{body}\n-----END PRIVATE {'KEY'}-----"
        return match[0]

    return re.sub(r"\{(\w+?)(?::(\d+))?\}", one, text)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def record(case: Case, redactor: Redactor | None) -> Any:
    """Make the record of a Glue object that holds nothing but the value, as a stream makes it."""
    shape, *parts = case.path
    schema, raw = _plant(MODEL.shape_for(shape), parts, case.value)
    return compile_projection(schema, redactor)(raw)


def _plant(shape: Any, parts: list[str], value: str) -> tuple[dict[str, Any], Any]:
    """Make the schema and the raw JSON of one value, as far as it takes."""
    if getattr(shape, "is_document_type", False) or shape.name == "CodeGenConfigurationNodes":
        return {"type": ["object", "null"], "additionalProperties": True}, _nest(parts, value)
    if shape.type_name == "structure":
        schema, raw = _plant(shape.members[parts[0]], parts[1:], value)
        field = {**schema, MEMBER: parts[0]}
        return {"type": ["object", "null"], "properties": {xform_name(parts[0]): field}}, {
            parts[0]: raw
        }
    if shape.type_name == "list":
        schema, raw = _plant(shape.member, parts, value)
        return {"type": ["array", "null"], "items": schema}, [raw]
    if shape.type_name == "map":
        schema, raw = _plant(shape.value, parts[1:], value)
        return {"type": ["object", "null"], "additionalProperties": schema}, {parts[0]: raw}
    assert not parts, parts
    return {"type": ["string", "null"]}, value


def _nest(parts: list[str], value: str) -> Any:
    if not parts:
        return value
    inner = _nest(parts[1:], value)
    return [inner] if parts[0].isdecimal() else {parts[0]: inner}


def strings(tree: Any) -> Iterator[str]:
    """Give every string of a record, keys included."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for key, inner in tree.items():
            yield key
            yield from strings(inner)
    elif isinstance(tree, list):
        for inner in tree:
            yield from strings(inner)
