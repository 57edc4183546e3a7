"""Takes secrets out of records and messages."""

from __future__ import annotations

import base64
import re
import sys
from fnmatch import translate
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from tap_glue_metadata.redaction.forms import NAME, TIES, given
from tap_glue_metadata.redaction.keys import STEMS, Kind, kind_of
from tap_glue_metadata.redaction.shapes import CLUE, SHAPES, URL_CLUE, URLS, hides

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

REDACTED: Final = "***REDACTED***"
"""What stands in place of a secret."""

_MAY_BE_SECRET: Final = (Kind.SECRET, Kind.STORED, Kind.KEY)
_PASSES: Final = 4
_BASE64: Final = re.compile(r"(?<![\w+/])e(?:yJ|yAi|wog|w0K)[\w+/]{16,}={0,2}")  # an object in JSON
_FLAG: Final = re.compile(r"--?\w[\w.-]*")
# The keys of what describes a field, and holds no value of it.
_FIELD: Final = frozenset(("collection", "description", "enum", "format", "name", "title", "type"))


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

    Attributes:
        texts: The text without its secrets, by any text.
        kinds: What stands under a key, by any key.
    """

    def __init__(self, extra_keys: Iterable[str] = ()) -> None:
        """Compile the globs of further keys.

        Args:
            extra_keys: Globs, upper and lower case alike; dashes before a name may be left out.
        """
        globs = [glob.lower() for glob in extra_keys]
        self._extra = [re.compile(translate(glob)) for glob in globs]
        stems = "|".join([STEMS, *(re.escape(_literal(glob)) for glob in globs)])
        self._stems = re.compile(stems)
        self._tie = re.compile(rf"(?:{stems}){TIES}")
        self.kinds, self.texts = _Memory(self._kind), _Memory(self._text)

    def value(self, key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return a copy of any JSON without the secrets; the key it stands under may be empty.

        Members that are nested too deep to be searched, some hundred levels, are emptied.
        """
        kind = self.kinds[key]
        try:
            return self._walk(kind, value)
        except RecursionError:
            if isinstance(value, list):
                return []
            kinds = self._kinds_in(kind, value)
            return {self.texts[name]: self._or_empty(kinds[name], value[name]) for name in value}

    def _or_empty(self, kind: Kind, value: Any) -> Any:  # noqa: ANN401 - any JSON
        try:
            return self._walk(kind, value)
        except RecursionError:
            return [] if isinstance(value, list) else {REDACTED: None}

    def under(self, key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return a copy of what stands under a key, without the texts that it says are secret.

        Numbers stay, for it is typed; its texts have been redacted for what they are themselves.
        """
        if isinstance(value, str):
            return self.value(key, value)
        if self.kinds[key] not in _MAY_BE_SECRET:
            return value
        if isinstance(value, dict):
            return {name: self.under(key, inner) for name, inner in value.items()}
        return [self.under(key, one) for one in value] if isinstance(value, list) else value

    def _kind(self, key: str) -> Kind:
        names = {key.lower(), key.lower().lstrip("-")}
        is_extra = any(glob.match(name) for glob in self._extra for name in names)
        return Kind.SECRET if is_extra else kind_of(key)

    def _walk(self, kind: Kind, value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, str):
            return self.texts[value] if kind is Kind.TEXT else self._under(kind, value)
        if isinstance(value, dict):
            kinds = self._kinds_in(kind, value)
            return {self.texts[key]: self._walk(kinds[key], value[key]) for key in value}
        if isinstance(value, list):
            pairs = zip(["", *value], value, strict=False)
            return [self._walk(self._after(before, item) or kind, item) for before, item in pairs]
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return REDACTED if is_number and kind is Kind.SECRET else value

    def _after(self, flag: object, item: object) -> Kind | None:
        """Tell what an item of a list is that follows a flag of a command line."""
        is_value = isinstance(item, str) and item[:1] != "-"
        is_flag = isinstance(flag, str) and _FLAG.fullmatch(flag)
        return self.kinds[str(flag)] if is_value and is_flag else None

    def _kinds_in(self, kind: Kind, members: dict[str, Any]) -> dict[str, Kind]:
        """Tell what stands under each key of an object, which may be a name and its value."""
        is_field = members.keys() <= _FIELD
        if kind is Kind.COLUMNS:  # of which each may have parameters
            return {key: Kind.TEXT if key == "Parameters" else kind for key in members}
        if kind in (Kind.SECRET, Kind.STORED) and not is_field:
            return dict.fromkeys(members, kind)
        kinds = {key: self.kinds[key] for key in members}
        if values := [key for key in members if key.lower().endswith(("value", "values"))]:
            names = (members[key] for key in members if key.lower().endswith(("name", "key")))
            for named in (self.kinds[name] for name in names if isinstance(name, str)):
                kinds.update(dict.fromkeys(values if named in _MAY_BE_SECRET else (), named))
        return kinds

    def _under(self, kind: Kind, text: str) -> str:
        if kind in _MAY_BE_SECRET:
            return REDACTED if hides(kind, text) else self.texts[text]
        if kind is Kind.COLUMNS:
            return _shaped(SHAPES, text)
        if " " in text or text.startswith("jdbc:"):
            return self.texts[text]
        if URL_CLUE.search(text.lower()):
            text = _shaped(URLS, text)
        path, sign, query = text.partition("?")
        return f"{path}{sign}{self._assigned(query)}" if sign else path

    def _text(self, text: str) -> str:
        # Once more, for a secret taken out can leave another one more visible.
        for _ in range(_PASSES):
            before, text = text, self._pass(text)
            if text == before:
                break
        return text

    def _pass(self, text: str) -> str:
        lower = text.lower()
        if not (CLUE.search(lower) or self._tie.search(lower)):
            return text
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
            # Kinds of words are not remembered: they would push out the keys that come again.
            if self._stems.search(name[0].lower()) is None:
                continue
            kind = self._kind(name[0])
            if kind in _MAY_BE_SECRET and (value := given(text, name)):
                start, end = value
                if hides(kind, text[start:end]):
                    parts += [text[done:start], REDACTED]
                    done = position = end
        return "".join([*parts, text[done:]])


class _Off(Redactor):
    """Leaves everything as it is."""

    @override
    def _kind(self, key: str) -> Kind:
        return Kind.TEXT

    @override
    def _text(self, text: str) -> str:
        return text


OFF: Final = _Off()
"""The redactor where the settings want none."""


def _shaped(shapes: Iterable[re.Pattern[str]], text: str) -> str:
    for shape in shapes:
        text = shape.sub(_without_value, text)
    return text


def _without_value(match: re.Match[str]) -> str:
    value = match[match.lastindex or 0]
    before, _, behind = match[0].rpartition(value)
    return f"{before}{REDACTED}{behind}" if hides(Kind.SECRET, value) else match[0]


def _literal(glob: str) -> str:
    """Return what any key that a glob matches holds in lower case: the longest such text."""
    return "" if "[" in glob else max(re.split(r"[*?]+", glob), key=len).lstrip("-")


@cache
def redactor(*extra_keys: str) -> Redactor:
    """Return the redactor of these globs, so that streams share what it remembers."""
    return Redactor(extra_keys)


def redact_text(text: str) -> str:
    """Take secrets out of a message; return the same object if it has none."""
    return redactor().texts[text]
