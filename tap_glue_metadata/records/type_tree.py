"""The tree of a type: a parser of the type strings that Glue's columns hold.

It reads Hive's spelling, `struct<a:int,b:array<map<string,decimal(10,2)>>>`, and that of Athena and
Trino, `row(a int, b array(map(varchar, decimal(10,2))))`, in any mix. It takes time linear in the
length of the type, without recursion, so that a type may be nested as deep as it is long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from tap_glue_metadata.records.parameters import whole_number

STRUCT: Final = "struct"
ARRAY: Final = "array"
MAP: Final = "map"
UNION: Final = "uniontype"

_ROW: Final = "row"
_KINDS: Final = {STRUCT: STRUCT, _ROW: STRUCT, ARRAY: ARRAY, "list": ARRAY, MAP: MAP, UNION: UNION}
_CONTAINER: Final = re.compile(rf"\s*({'|'.join(_KINDS)})\s*([<(])", re.IGNORECASE)
_CLOSING: Final = {"<": ">", "(": ")"}
_LEAF: Final = re.compile(r"[^,<>():]+(?:\([^<>()]*\)[^,<>():]*)?")
_SPACES: Final = re.compile(r"\s*")

_QUOTED: Final = r"""\s*(?:`((?:[^`]|``)+)`|"((?:[^"]|"")+)")"""
_QUOTED_BEFORE_COLON: Final = re.compile(rf"{_QUOTED}\s*:")
_QUOTED_BEFORE_SPACE: Final = re.compile(rf"{_QUOTED}(?=\s)")
# Hive quotes no name, whatever is in it: what ends the name is a colon that a type can follow.
_COLON: Final = re.compile(r":(?=[^:,<>()]+[,<>()])")
_WORD_BEFORE_WORD: Final = re.compile(r"\s*([^\s,<>()]+)\s+(?=[^\s,<>()])")
# The fields of a row may have no names, and these types are several words.
_WORDS_OF_A_TYPE: Final = re.compile(
    r"\s*(?:time(?:stamp)?\s+with(?:out)?|double\s+precision|interval\s+(?:year|day))\b",
    re.IGNORECASE,
)

_WITH_LENGTH: Final = frozenset(
    {"char", "character", "character varying", "varchar", "binary", "varbinary", "fixed", "string"}
)
_WITH_SCALE: Final = frozenset({"decimal", "dec", "numeric"})
_WITH_PRECISION: Final = ("time", "interval")


@dataclass(slots=True)
class Node:
    """A type, or a type in it.

    Attributes:
        text: The whole text that was parsed.
        start: Where the type begins in it.
        end: Where the type ends in it.
        name: What the type above calls it: the name of a struct's field, `field0` and up where a
            row names none; `element` of an array; `key` and `value` of a map; `member0` and up of
            a union. Empty at the root.
        position: Position from 1 in the type above.
        depth: 0 at the root.
        kind: `struct` (also of a row), `array`, `map` or `uniontype`; None for any other type.
        size: How many types it holds, without those in them.
        is_parsed: False for the only node of a text that is no type.
    """

    text: str
    start: int
    end: int
    name: str = ""
    position: int = 1
    depth: int = 0
    kind: str | None = None
    size: int = 0
    is_parsed: bool = True

    @property
    def type(self) -> str:
        """The type as it was written."""
        return self.text[self.start : self.end]


class Primitive(NamedTuple):
    """What the text of a leaf says.

    Attributes:
        base_type: The type without its arguments, in lower case, e.g. `timestamp with time zone`.
        precision: Digits of a decimal; of the fraction of a second.
        scale: Digits of a decimal after the point.
        length: Most characters or bytes.
    """

    base_type: str | None
    precision: int | None = None
    scale: int | None = None
    length: int | None = None


class _NoTypeError(ValueError):
    """The text is no type."""


@dataclass(slots=True)
class _Open:
    """A container whose end is not reached."""

    node: Node
    word: str
    closing: str


def parse(text: str) -> list[Node]:
    """Parse a type.

    Args:
        text: The type as Glue holds it.

    Returns:
        The type and all types in it, each before those in it. A text that is no type is one leaf.
    """
    try:
        return _Parser(text).parse()
    except _NoTypeError:
        return [Node(text, 0, len(text), is_parsed=False)]


@lru_cache(maxsize=256)
def primitive(text: str) -> Primitive:
    """Read the text of a leaf.

    Args:
        text: Such as `bigint`, `decimal(10, 2)`, `varchar(20)` or `fixed[16]`.

    Returns:
        The type without its arguments, and what these say.
    """
    head, *arguments = re.split(r"[(\[]", text, maxsplit=1)
    inside, _, tail = "".join(arguments).replace("]", ")").partition(")")
    base_type = " ".join(f"{head} {tail}".split()).lower()
    first, second = ([whole_number(each) for each in inside.split(",")] + [None])[:2]
    if base_type in _WITH_LENGTH:
        return Primitive(base_type, length=first)
    if base_type in _WITH_SCALE:
        return Primitive(base_type, first, second if "," in inside or first is None else 0)
    return Primitive(base_type, first if base_type.startswith(_WITH_PRECISION) else None)


class _Parser:
    """Reads one type, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._nodes: list[Node] = []
        self._open: list[_Open] = []

    def parse(self) -> list[Node]:
        self._begin("", 1)
        while self._open:
            self._go_on(self._open[-1])
        if self._next():
            raise _NoTypeError
        return self._nodes

    def _go_on(self, container: _Open) -> None:
        """Read the end of a container, or the next type in it up to what that begins with."""
        following = self._next()
        if following == container.closing and _is_complete(container):
            self._at += 1
            container.node.end = self._at
            self._open.pop()
            return
        if container.node.size:
            if following != ",":
                raise _NoTypeError
            self._at += 1
        container.node.size += 1
        self._begin(self._name(container), container.node.size)

    def _begin(self, name: str, position: int) -> None:
        """Read a leaf, or what a container begins with."""
        depth = len(self._open)
        if container := _CONTAINER.match(self._text, self._at):
            word = container[1].lower()
            node = Node(self._text, container.start(1), 0, name, position, depth, _KINDS[word])
            self._open.append(_Open(node, word, _CLOSING[container[2]]))
            self._at = container.end()
        else:
            leaf = _LEAF.match(self._text, self._at)
            if leaf is None or not leaf[0].strip():
                raise _NoTypeError
            start = leaf.end() - len(leaf[0].lstrip())
            node = Node(self._text, start, start + len(leaf[0].strip()), name, position, depth)
            self._at = leaf.end()
        self._nodes.append(node)

    def _next(self) -> str:
        """Return the next character that is no space, empty at the end."""
        spaces = _SPACES.match(self._text, self._at)
        self._at = spaces.end() if spaces else self._at
        return self._text[self._at : self._at + 1]

    def _name(self, container: _Open) -> str:
        """Name the next type in a container: read its name in a struct or a row."""
        size = container.node.size
        if container.word == STRUCT:
            return self._name_before_colon()
        if container.word == _ROW:
            return self._name_before_space() or f"field{size - 1}"
        if container.word == MAP:
            return "key" if size == 1 else "value"
        return f"member{size - 1}" if container.word == UNION else "element"

    def _name_before_colon(self) -> str:
        if quoted := _QUOTED_BEFORE_COLON.match(self._text, self._at):
            return self._take(quoted)
        colon = _COLON.search(self._text, self._at)
        if colon is None:
            raise _NoTypeError
        name = self._text[self._at : colon.start()].strip()
        self._at = colon.end()
        return name

    def _name_before_space(self) -> str | None:
        if quoted := _QUOTED_BEFORE_SPACE.match(self._text, self._at):
            return self._take(quoted)
        word = _WORD_BEFORE_WORD.match(self._text, self._at)
        if word is None or _WORDS_OF_A_TYPE.match(self._text, self._at):
            return None
        self._at = word.end()
        return word[1]

    def _take(self, quoted: re.Match[str]) -> str:
        self._at = quoted.end()
        if quoted[1]:
            return quoted[1].replace("``", "`")
        return quoted[2].replace('""', '"')


def _is_complete(container: _Open) -> bool:
    kind, size = container.node.kind, container.node.size
    if kind == STRUCT:
        return True
    return size > 0 if kind == UNION else size == (2 if kind == MAP else 1)
