"""Secrets that users leave in Glue, taken out of records and messages."""

from __future__ import annotations

import base64
import re
from fnmatch import translate
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tap_glue_metadata.redaction.forms import BEFORE_COMPARISON, BEHIND_COMPARISON, COMPARISON, FORMS, NAME, PROSE, TIES
from tap_glue_metadata.redaction.keys import STEMS, Kind, kind_of
from tap_glue_metadata.redaction.shapes import CLUE, SHAPES, URL_SHAPES, hides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REDACTED: Final = "***REDACTED***"
"""What stands in place of a secret."""

_SECRETS: Final = (Kind.SECRET, Kind.NAMED, Kind.KEY)
_PASSES: Final = 4
_WINDOW: Final = 80  # what of the text before a name is looked at
_NAME: Final = re.compile(r"(?:[a-z]{0,24}_?)?(?:name|key)", re.IGNORECASE)
_VALUE: Final = re.compile(r"(?:[a-z]{0,24}_?)?values?", re.IGNORECASE)
_FLAG: Final = re.compile(r"--?[\w.-]+")
_SCHEMA: Final = frozenset(
    "type format title description comment doc nullable required items properties enum mode name collection".split()
)
_VIEW: Final = re.compile(r"(?<=View: )[A-Za-z0-9+/=]+(?= \*/)")  # Trino's ViewReaderUtil
_COLUMN: Final = re.compile(r"(?:\w{1,128}\.)?(\w{1,128})")


class _Memory(dict[str, Any]):
    """Remembers what was made of short texts, since the same ones come again and again."""

    _SIZE, _LONGEST = 8192, 128

    def __init__(self, make: Callable[[str], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> Any:
        made = self._make(text)
        if isinstance(text, str) and len(text) <= self._LONGEST:
            if len(self) >= self._SIZE:
                self.clear()
            self[text] = made
        return made


class Redactor:
    """Takes secrets out.

    Attributes:
        texts: The text without its secrets, for any text; short ones are remembered.
    """

    def __init__(self, extra_keys: Iterable[str] = ()) -> None:
        """Compile the globs of further keys.

        Args:
            extra_keys: Globs of keys whose values are secrets, upper and lower case alike; the
                dashes before an argument's name may be left out.
        """
        globs = [glob.lower() for glob in extra_keys]
        self._extra = [re.compile(translate(glob)) for glob in globs]
        literals = "".join(f"|{re.escape(_literal(glob))}" for glob in globs)
        stems = f"(?:{STEMS}{literals})"
        self._stems = re.compile(stems)
        self._clue = re.compile(rf"{CLUE}|view: |-[\w.-]{{0,64}}?{stems}[\w.-]{{0,64}}[\"'\s]|{stems}{TIES}")
        self._kinds = _Memory(self.kind)
        self.texts = _Memory(self._text)

    def kind(self, key: str) -> Kind:
        """Tell what stands under a key."""
        lower = key.lower()
        bare = lower.lstrip("-")
        if any(glob.match(lower) or glob.match(bare) for glob in self._extra):
            return Kind.SECRET
        return kind_of(key)

    def value(self, key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Redact what stands under a key.

        Args:
            key: The key.
            value: Any JSON; it is left as it is.

        Returns:
            A copy without the secrets.
        """
        return self._walk(self._kinds[key], value)

    def tree(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Redact any JSON.

        Args:
            value: It is left as it is.

        Returns:
            A copy without the secrets.
        """
        return self._walk(Kind.TEXT, value)

    def _walk(self, kind: Kind, value: Any) -> Any:
        if isinstance(value, str):
            return self.texts[value] if kind is Kind.TEXT else self._under(kind, value)
        if isinstance(value, dict):
            return self._object(kind, value)
        if isinstance(value, list):
            return [
                self._walk(self._flagged(before, item) or kind, item)
                for before, item in zip([None, *value], value, strict=False)
            ]
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return REDACTED if is_number and kind is Kind.SECRET else value

    def _object(self, kind: Kind, members: dict[str, Any]) -> dict[str, Any]:
        if kind in (Kind.SECRET, Kind.NAMED):
            if not members.keys() <= _SCHEMA:
                return {self.texts[key]: self._walk(kind, inner) for key, inner in members.items()}
        elif kind is Kind.COLUMNS:
            return {key: self._walk(kind, inner) for key, inner in members.items()}
        named = self._pair(members)
        return {
            self.texts[key]: self._walk(named if named and _VALUE.fullmatch(key) else self._kinds[key], inner)
            for key, inner in members.items()
        }

    def _pair(self, members: dict[str, Any]) -> Kind | None:
        """Tell the kind of the value if an object is a name and its value."""
        if any(map(_VALUE.fullmatch, members)):
            for key, name in members.items():
                if isinstance(name, str) and _NAME.fullmatch(key) and self._kinds[name] in _SECRETS:
                    return self._kinds[name]
        return None

    def _flagged(self, before: object, item: object) -> Kind | None:
        """Tell the kind of a list's item if the one before it is a flag of a command line."""
        if isinstance(before, str) and before[:1] == "-" and _FLAG.fullmatch(before):
            if isinstance(item, str) and item[:1] != "-":
                return self._kinds[before]
        return None

    def _under(self, kind: Kind, text: str) -> str:
        if kind in _SECRETS:
            return REDACTED if hides(kind, text) else self.texts[text]
        if kind is Kind.LOCATION and (any(map(str.isspace, text)) or text.startswith("jdbc:")):
            return self.texts[text]
        if self._clue.search(text.lower()) is None:
            return text
        text = _shaped(URL_SHAPES if kind is Kind.LOCATION else SHAPES, text)
        if kind is Kind.COLUMNS:
            return text
        path, sign, query = text.partition("?")
        return path + sign + self._formed(query)

    def _text(self, text: Any) -> Any:
        if not isinstance(text, str):
            return self.tree(text)
        if self._clue.search(text.lower()) is None:
            return text
        for _ in range(_PASSES):
            before, text = text, self._pass(text)
            if text == before:
                break
        return text

    def _pass(self, text: str) -> str:
        if text.lstrip()[:1] in ("{", "[", '"'):
            try:
                tree = msgspec.json.decode(text)
                redacted = self.tree(tree)
                return text if redacted == tree else msgspec.json.encode(redacted).decode()
            except (ValueError, RecursionError, msgspec.EncodeError):
                pass  # no JSON after all, or none that can be written again
        return self._formed(_shaped(SHAPES, _VIEW.sub(self._view, text)))

    def _view(self, match: re.Match[str]) -> str:
        try:
            text = base64.b64decode(match[0]).decode()
        except ValueError:
            return match[0]
        redacted = self._text(text)
        return match[0] if redacted == text else base64.b64encode(redacted.encode()).decode()

    def _formed(self, text: str) -> str:
        """Redact the values that a text gives to names of secrets."""
        parts = []
        done = position = 0
        while name := NAME.search(text, position):
            position = name.end()
            found = self._assigned(text, name)
            if found is not None:
                start, end = found
                parts += [text[done:start], REDACTED]
                done = position = end
        return "".join([*parts, text[done:]])

    def _assigned(self, text: str, name: re.Match[str]) -> tuple[int, int] | None:
        """Find the secret that a text gives to a name."""
        if not self._stems.search(name[0].lower()):
            return None
        # Not remembered: any words of texts would push out the keys that come again and again.
        kind = self.kind(name[0])
        if kind not in _SECRETS:
            return None
        start, end = name.span("name")
        window = text[max(0, start - _WINDOW) : start]
        for before, form in FORMS:
            if before.search(window) and (match := form.match(text, end)):
                group = "value" if match["value"] is not None else "bare"
                if not hides(kind, match[group]) or _compares(text, window, match):
                    return None
                return match.span(group)
        match = PROSE.match(text, end) if kind is Kind.SECRET else None
        return match.span("value") if match and hides(kind, match["value"]) else None


def _compares(text: str, window: str, match: re.Match[str]) -> bool:
    """Tell whether a predicate compares a column, rather than a text giving a value."""
    column = _COLUMN.fullmatch(match["value"] or "")
    if column and "." in column[0] and text.endswith(column[1], 0, match.start()):
        return True
    return COMPARISON.match(text, match.start()) is not None and (
        BEFORE_COMPARISON.search(window) is not None
        or BEHIND_COMPARISON.match(text, match.end()) is not None
    )


def _shaped(shapes: Iterable[re.Pattern[str]], text: str) -> str:
    for shape in shapes:
        text = shape.sub(_without_value, text)
    return text


def _without_value(match: re.Match[str]) -> str:
    if not hides(Kind.SECRET, match["value"]):
        return match[0]
    start, end = match.start("value") - match.start(), match.end("value") - match.start()
    return f"{match[0][:start]}{REDACTED}{match[0][end:]}"


def _literal(glob: str) -> str:
    """Return what any key that a glob matches holds in lower case: the longest such text."""
    return "" if "[" in glob else max(re.split(r"[*?]+", glob), key=len).lstrip("-")


@cache
def _default() -> Redactor:
    return Redactor()


def redact_text(text: str) -> str:
    """Take secrets out of a message.

    Args:
        text: Any text.

    Returns:
        The text without them.
    """
    return _default().texts[text]
