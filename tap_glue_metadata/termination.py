"""How the process ends: when the command is done, or when a signal tells it to."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

LOGGER: Final = logging.getLogger("tap-glue-metadata")

_SIGNALS: Final = ("SIGHUP", "SIGINT", "SIGTERM")  # Windows has no SIGHUP
# The command's exit code, and signals: whichever comes first ends the process.
_ENDS: Final[SimpleQueue[int | signal.Signals]] = SimpleQueue()


def take_signals() -> None:
    """Let the signals that end a process wait for `run`; those that are ignored stay so."""
    for name in _SIGNALS:
        signum = getattr(signal, name, None)
        if signum is not None and signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, _note)


def _note(signum: int, _: FrameType | None) -> None:
    _ENDS.put(signal.Signals(signum))  # reentrant: one signal may interrupt another


def run(command: Callable[[], int], close_output: Callable[[], None]) -> NoReturn:
    """Run a command, and end the process when it is done, or when a signal comes.

    The command has a thread of its own, so that the main thread can handle a signal at any time.
    No STATE is written for a signal: bookmarks move at the end of a pass, which writes them.

    Args:
        command: Returns the exit code, and raises nothing. It is abandoned after a signal.
        close_output: Finishes the line that is being written, however long its reader takes, and
            lets nothing follow.
    """
    Thread(target=lambda: _ENDS.put(command()), name="command", daemon=True).start()
    end = _next_end()
    code = int(end)
    if isinstance(end, signal.Signals):
        LOGGER.warning("Ended by %s; the next run starts from the last state", end.name)
        close_output()
        code += 128  # the shell's convention
    logging.shutdown()
    # The interpreter's own exit may wait for threads, and those for answers from AWS.
    os._exit(code)


def _next_end() -> int | signal.Signals:
    while True:  # Windows handles signals only between two waits
        with suppress(Empty):
            return _ENDS.get(timeout=1.0)
