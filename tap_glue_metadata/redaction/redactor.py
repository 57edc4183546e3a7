"""Takes secrets out of records and messages."""

from __future__ import annotations

import base64
import re
from fnmatch import translate
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from tap_glue_metadata.redaction.forms import NAME, TIES, given
from tap_glue_metadata.redaction.keys import STEMS, Kind, kind_of
from tap_glue_metadata.redaction.shapes import CLUE, SHAPES, URLS, hides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

T = TypeVar("T")

REDACTED: Final = "***REDACTED***"
"""What stands in place of a secret."""

_MAY_BE_SECRET: Final = (Kind.SECRET, Kind.STORED, Kind.NAMED, Kind.KEY)
_PASSES: Final = 4
_SHORTEST: Final = 16  # token that shows by its looks
_SIGN: Final = re.compile(r"[^A-Za-z\s,.;()!?]")
_BASE64: Final = re.compile(r"(?<![\w+/])e(?:yJ|yAi|wog|w0K)[\w+/]{16,}={0,2}")  # an object in JSON
_FLAG: Final = re.compile(r"--?[\w.-]+")
# Objects that are a name and its value, and those that describe a field and hold no value of it.
_NAME: Final = re.compile(r"(?:[a-z]{0,24}_?)?(?:name|key)", re.IGNORECASE)
_VALUE: Final = re.compile(r"(?:[a-z]{0,24}_?)?values?", re.IGNORECASE)
_SCHEMA: Final = frozenset(
    (
        *("collection", "comment", "description", "doc", "enum", "format", "items", "mode"),
        *("name", "nullable", "properties", "required", "title", "type"),
    )
)


class _Memory(dict[str, T], Generic[T]):
    """What was made of short texts, for the same ones come again and again."""

    SIZE, LONGEST = 8192, 128

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> T:
        made = self._make(text)
        if len(text) <= self.LONGEST:
            if len(self) >= self.SIZE:
                self.clear()
            self[text] = made
        return made


class Redactor:
    """Takes secrets out of JSON, and out of the texts in it.

    A secret is what stands under a key that names one, in maps and open objects and in what texts
    hold of these; and what shows by its looks. What tells about a secret is kept, as are ARNs,
    variables and names in secret stores.

    Attributes:
        texts: The text without its secrets, by any text.
        kinds: What stands under a key, by any key.
    """

    def __init__(self, extra_keys: Iterable[str] = ()) -> None:
        """Compile the globs of further keys.

        Args:
            extra_keys: Globs of keys whose values are secrets, upper and lower case alike; the
                dashes before an argument's name may be left out.
        """
        globs = [glob.lower() for glob in extra_keys]
        self._extra = [re.compile(translate(glob)) for glob in globs]
        stems = "|".join([STEMS, *(re.escape(_literal(glob)) for glob in globs)])
        self._stems = re.compile(stems)
        self._clue = re.compile(CLUE)
        self._tie = re.compile(rf"(?:{stems}){TIES}")
        self._flag = re.compile(rf"-[\w.-]{{0,64}}?(?:{stems})[\w.-]{{0,64}}[\"'\s]")
        self.kinds = _Memory(self._kind)
        self.texts = _Memory(self._text)
        self._locations = _Memory(self._location)

    def value(self, key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Redact what stands under a key.

        Args:
            key: The key; empty for none.
            value: Any JSON; it is left as it is.

        Returns:
            A copy without the secrets, of the same structure.
        """
        return self._walk(self.kinds[key], value)

    def _kind(self, key: str) -> Kind:
        lower = key.lower()
        names = (lower, lower.lstrip("-"))
        is_extra = any(glob.match(name) for glob in self._extra for name in names)
        return Kind.SECRET if is_extra else kind_of(key)

    def _walk(self, kind: Kind, value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, str):
            return self.texts[value] if kind is Kind.TEXT else self._under(kind, value)
        if isinstance(value, dict):
            return self._object(kind, value)
        if isinstance(value, list):
            return [
                self._walk(self._flagged(before, item) or kind, item)
                for before, item in zip(["", *value], value, strict=False)
            ]
        if kind is Kind.SECRET and isinstance(value, (int, float)) and not isinstance(value, bool):
            return REDACTED
        return value

    def _object(self, kind: Kind, members: dict[str, Any]) -> dict[str, Any]:
        texts, walk = self.texts, self._walk
        kinds: Mapping[str, Kind] = self.kinds
        is_schema = kind in _MAY_BE_SECRET and members.keys() <= _SCHEMA
        if not is_schema and kind not in (Kind.TEXT, Kind.LOCATION, Kind.KEY):
            return {texts[key]: walk(kind, value) for key, value in members.items()}
        if "value" in "".join(members).lower() and (pair := self._pair(members)):
            kinds = {key: pair if _VALUE.fullmatch(key) else kinds[key] for key in members}
        return {texts[key]: walk(kinds[key], value) for key, value in members.items()}

    def _pair(self, members: dict[str, Any]) -> Kind | None:
        """Tell the kind of the value of an object that is a name and its value."""
        names = (value for key, value in members.items() if _NAME.fullmatch(key))
        kinds = (self.kinds[name] for name in names if isinstance(name, str))
        return next((kind for kind in kinds if kind in _MAY_BE_SECRET), None)

    def _flagged(self, before: object, item: object) -> Kind | None:
        """Tell the kind of an item of a list that follows a flag of a command line."""
        if isinstance(before, str) and isinstance(item, str) and item[:1] != "-":
            return self.kinds[before] if _FLAG.fullmatch(before) else None
        return None

    def _under(self, kind: Kind, text: str) -> str:
        if kind in _MAY_BE_SECRET:
            return REDACTED if hides(kind, text) else self.texts[text]
        if kind is Kind.LOCATION:
            return self._locations[text]
        return text if self._is_clear(text) else _shaped(SHAPES, text)

    def _location(self, text: str) -> str:
        if " " in text or text.startswith("jdbc:"):
            return self.texts[text]
        if self._is_clear(text):
            return text
        path, sign, query = _shaped(URLS, text).partition("?")
        return f"{path}{sign}{self._assigned(query)}"

    def _is_clear(self, text: str) -> bool:
        # Names and mere words, as most texts are.
        if _SIGN.search(text) is None or (len(text) < _SHORTEST and text.isidentifier()):
            return True
        lower = text.lower()
        return not (self._clue.search(lower) or self._tie.search(lower) or self._flag.search(lower))

    def _text(self, text: str) -> str:
        if self._is_clear(text):
            return text
        # Once more, for a secret taken out can leave another one more visible.
        for _ in range(_PASSES):
            before, text = text, self._pass(text)
            if text == before:
                break
        return text

    def _pass(self, text: str) -> str:
        if text.lstrip()[:1] in ("{", "[", '"'):
            try:
                tree = msgspec.json.decode(text)
                redacted = self._walk(Kind.TEXT, tree)
                return text if redacted == tree else msgspec.json.encode(redacted).decode()
            except (ValueError, RecursionError):
                pass  # no JSON after all, or none that can be written again
        return self._assigned(_BASE64.sub(self._decoded, _shaped(SHAPES, text)))

    def _decoded(self, match: re.Match[str]) -> str:
        """Redact base64 of JSON, such as Athena's views are."""
        try:
            text = base64.b64decode(match[0]).decode()
        except ValueError:
            return match[0]
        redacted = self._text(text)
        return match[0] if redacted == text else base64.b64encode(redacted.encode()).decode()

    def _assigned(self, text: str) -> str:
        """Redact the values that a text gives to names of secrets."""
        parts = []
        done = position = 0
        while name := NAME.search(text, position):
            position = name.end()
            if self._stems.search(name[0].lower()) is None:
                continue
            # Not remembered: any words of texts would push out the keys that come again and again.
            kind = self._kind(name[0])
            if kind in _MAY_BE_SECRET and (value := given(text, name)):
                start, end = value
                if hides(kind, text[start:end]):
                    parts += [text[done:start], REDACTED]
                    done = position = end
        return "".join([*parts, text[done:]])


def _shaped(shapes: Iterable[re.Pattern[str]], text: str) -> str:
    for shape in shapes:
        text = shape.sub(_without_value, text)
    return text


def _without_value(match: re.Match[str]) -> str:
    value = match[match.lastindex or 0]
    if not hides(Kind.SECRET, value):
        return match[0]
    before, _, behind = match[0].rpartition(value)
    return f"{before}{REDACTED}{behind}"


def _literal(glob: str) -> str:
    """Return what any key that a glob matches holds in lower case: the longest such text."""
    return "" if "[" in glob else max(re.split(r"[*?]+", glob), key=len).lstrip("-")


@cache
def redactor(*extra_keys: str) -> Redactor:
    """Return a redactor, the same one for the same globs, so that streams share what it remembers.

    Args:
        extra_keys: As for `Redactor`.
    """
    return Redactor(extra_keys)


def redact_text(text: str) -> str:
    """Take secrets out of a message.

    Args:
        text: Any text.

    Returns:
        The text without them; the same object if it has none.
    """
    return redactor().texts[text]
