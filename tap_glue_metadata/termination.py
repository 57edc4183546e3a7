"""How the process ends: when the command is done, or when a signal tells it to."""

from __future__ import annotations

import logging
import os
import signal
from functools import cache
from socket import socket, socketpair
from threading import Thread
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGER: Final = logging.getLogger("tap-glue-metadata")

_SIGNALS: Final = ("SIGHUP", "SIGINT", "SIGTERM")  # Windows has no SIGHUP
_DONE: Final = 0  # no signal has this number


@cache
def _channel() -> tuple[socket, socket]:
    """Return what the number of each signal arrives at, or `_DONE`, and what they are sent from.

    The interpreter sends a signal's number at once, whatever thread the system interrupts for it.
    """
    receiver, sender = socketpair()
    sender.setblocking(False)  # noqa: FBT003 - its only parameter
    return receiver, sender


def take_signals() -> None:
    """Let the signals that end a process wait for `run`; those that are ignored stay so."""
    _, sender = _channel()
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    for name in _SIGNALS:
        signum = getattr(signal, name, None)
        if signum is not None and signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, lambda *_: None)


def run(command: Callable[[], int], close_output: Callable[[], None]) -> NoReturn:
    """Run a command, and end the process when it is done, or when a signal comes.

    The command has a thread of its own, so that the main thread can handle a signal at any time.
    No STATE is written for a signal: bookmarks move at the end of a pass, which writes them.

    Args:
        command: Returns the exit code, and raises nothing. It is abandoned after a signal.
        close_output: Finishes the line that is being written, however long its reader takes, and
            lets nothing follow.
    """
    receiver, sender = _channel()
    codes: list[int] = []

    def run_command() -> None:
        codes.append(command())
        sender.send(bytes([_DONE]))

    Thread(target=run_command, name="command", daemon=True).start()
    (end,) = receiver.recv(1)
    if end == _DONE:
        [code] = codes
    else:
        name = signal.Signals(end).name
        LOGGER.warning("Ended by %s; the next run starts from the last state", name)
        close_output()
        code = 128 + end  # the shell's convention
    logging.shutdown()
    # The interpreter's own exit may wait for threads, and those for answers from AWS.
    os._exit(code)
