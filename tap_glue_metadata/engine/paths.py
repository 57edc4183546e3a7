"""JMESPath expressions, each compiled once."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

import jmespath

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FIELDS: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
# What counts as false in JMESPath, besides `false` itself.
_NOTHING: Final[tuple[Any, ...]] = ("", [], {}, None)


def search(path: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Evaluate a JMESPath.

    Args:
        path: The expression.
        value: What it is about.

    Returns:
        What it finds, None for nothing.
    """
    return _compiled(path)(value)


@cache
def _compiled(path: str) -> Callable[[Any], Any]:
    # What each object is looked at for: the interpreter takes five times as long, or more.
    operands = path.split(" && ")
    if all(map(_FIELDS.fullmatch, operands)):
        return partial(_conjunction, [operand.split(".") for operand in operands])
    find: Callable[[Any], Any] = jmespath.compile(path).search
    return find


def _conjunction(operands: Sequence[Sequence[str]], value: Any) -> Any:  # noqa: ANN401 - any JSON
    found: Any = None
    for names in operands:
        found = value
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        if found is False or found in _NOTHING:
            break
    return found
