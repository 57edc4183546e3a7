"""What AWS answers beyond the service model: members that a stream's schema does not know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tap_glue_metadata.records.projection import MEMBER

if TYPE_CHECKING:
    from collections.abc import Collection

Found: TypeAlias = "dict[str, Any]"
Find: TypeAlias = Callable[[Any], Found]

FIELD: Final = "additional_members"
SCHEMA: Final[Mapping[str, Any]] = {
    "type": ["object", "null"],
    "additionalProperties": True,
    "description": (
        "Members of AWS's answer that this version does not know, by their path in AWS's casing, "
        "such as Status.Reason or Columns[0].Unit; null if there are none."
    ),
}
_NONE: Final[Found] = {}


def compile_additional(schema: Mapping[str, Any], left_out: Collection[str]) -> Find:
    """Compile what finds the members that a stream's schema does not know.

    Args:
        schema: The stream's JSON Schema, whose annotations name AWS's members.
        left_out: Known members that are no fields, by their path in AWS's casing, without the
            positions in lists.

    Returns:
        A function from an object of raw JSON to its unknown members, nested ones included: values
        as they are, by path. It is empty if there are none, and must not be changed then.
    """
    return _Object(schema, left_out, "")


class _Object:
    """Finds what is unknown in objects of one schema."""

    def __init__(self, schema: Mapping[str, Any], left_out: Collection[str], prefix: str) -> None:
        members = {f[MEMBER]: f for f in schema["properties"].values() if MEMBER in f}
        here = (path.removeprefix(prefix) for path in left_out if path.startswith(prefix))
        self._known = {*members, *here}
        finders = {name: _find(f, left_out, f"{prefix}{name}") for name, f in members.items()}
        self._nested = [(name, find) for name, find in finders.items() if find]

    def __call__(self, raw: Any) -> Found:  # noqa: ANN401 - any JSON
        if not isinstance(raw, dict):
            return _NONE
        below = [
            (name, found)
            for name, find in self._nested
            if (value := raw.get(name)) and (found := find(value))
        ]
        if not below and raw.keys() <= self._known:  # nearly all
            return _NONE
        return {name: raw[name] for name in raw if name not in self._known} | _joined(below)

    def in_list(self, values: list[Any]) -> Found:
        """Find what is unknown in a list of objects."""
        # A table may have thousands of columns: one look at all their members at once.
        if not self._nested and set[str]().union(*filter(None, values)) <= self._known:
            return _NONE
        return _joined((f"[{n}]", self(value)) for n, value in enumerate(values))


def _find(schema: Mapping[str, Any], left_out: Collection[str], path: str) -> Find | None:
    """Compile what looks into a value, None if nothing unknown can be in it."""
    if "properties" in schema:
        return _Object(schema, left_out, f"{path}.")
    if "items" in schema:
        of_item = _find(schema["items"], left_out, path)
        return of_item.in_list if isinstance(of_item, _Object) else None
    values = schema.get("additionalProperties")
    if isinstance(values, Mapping) and (of_value := _find(values, left_out, path)):
        return lambda values: _joined((key, of_value(value)) for key, value in values.items())
    return None


def _joined(parts: Any) -> Found:  # noqa: ANN401 - pairs of a name and what was found below it
    return {
        f"{name}{path}" if path[0] == "[" else f"{name}.{path}": value
        for name, found in parts
        for path, value in found.items()
    }
