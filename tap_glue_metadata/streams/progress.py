"""What a long pass has done so far, told now and then."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOGGER: Final = logging.getLogger("tap-glue-metadata")

_SECONDS: Final = 30.0


@contextmanager
def progress(tell: Callable[[], str], seconds: float = _SECONDS) -> Iterator[None]:
    """Log a line every so often while something goes on, also while it waits for an answer.

    Args:
        tell: Gives the line; called in a thread of its own.
        seconds: The time before the first line, and between two.
    """
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(seconds):
            LOGGER.info("%s", tell())

    threading.Thread(target=run, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
