"""JSON whose texts hold what no text may: U+0000, lone surrogates and invalid UTF-8."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# Escapes one by one, so that an escaped backslash begins no other one. A pair of surrogates is a
# character; a lone one is none, and databases take no U+0000.
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u0000|u[dD][89a-fA-F]..)|.)", re.DOTALL
)
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def decode(body: bytes, parse: Callable[[bytes], T]) -> tuple[T, int]:
    """Decode JSON; lone surrogates, invalid UTF-8 and U+0000 become U+FFFD.

    Args:
        body: The JSON.
        parse: Decodes it, and raises ValueError for lone surrogates and invalid UTF-8.

    Returns:
        What it holds, and how many characters were replaced.

    Raises:
        ValueError: It is not JSON, or not what `parse` takes.
    """
    if b"\\u0000" not in body:
        with suppress(ValueError):
            return parse(body), 0
    text = body.decode(errors="replace").replace("\0", _REPLACEMENT)
    replaced = text.count(_REPLACEMENT) - body.count(_REPLACEMENT.encode())

    def escape(match: re.Match[str]) -> str:
        nonlocal replaced
        replaced += match[1] is not None
        return match[0] if match[1] is None else _REPLACEMENT

    return parse(_ESCAPE.sub(escape, text).encode()), replaced
