"""How the command ends when it is told to: at once, between two lines of its output."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

ResultT = TypeVar("ResultT")

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_PATIENCE_SECONDS: Final = 5.0  # what the main thread gets to end, be it stuck in a write or a call
_HURRY_SECONDS: Final = 0.5  # what it gets after a second signal: often they come in pairs


class Terminated(BaseException):
    """A signal told the process to end; raised in the main thread, wherever that is."""


class _Request:
    """What signals have asked of this process."""

    def __init__(self) -> None:
        self.signum: int | None = None
        self.is_held_back = False

    def take(self, signum: int, _: FrameType | None) -> None:
        """Handle a signal; one that follows another is for the watchdog alone."""
        if self.signum is None:
            self.signum = signum
            if not self.is_held_back:
                raise Terminated


_REQUEST: Final = _Request()  # signals are the process's, and so is this


@contextmanager
def held_back() -> Iterator[None]:
    """Hold signals back while something is done that must not be left in the middle.

    Raises:
        Terminated: At the end, if a signal came in between.
    """
    before = _REQUEST.signum
    _REQUEST.is_held_back = True
    try:
        yield
    finally:
        _REQUEST.is_held_back = False
    if _REQUEST.signum != before:
        raise Terminated


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Keep the signal handlers as they are while the SDK makes a tap, and sets its own.

    Those end the process with a success, after a STATE that may be ahead of the records.
    """
    if not _is_main_thread():
        yield
        return
    with _blocked(), _handlers_restored():
        yield


def end_on_signals(run: Callable[[], ResultT], logger: logging.Logger) -> ResultT:
    """Do what the command does; on SIGTERM or SIGINT end the process.

    The signal raises `Terminated` in what is done, which has `_PATIENCE_SECONDS` to clean up. No
    STATE is written for it: bookmarks move at the end of a pass, and have been written then.

    Args:
        run: What the command does.
        logger: Where to tell of the end.

    Returns:
        What was done returned, if no signal came: else the exit code is 128 and the signal's
        number, as a shell has it.
    """
    if not _is_main_thread():
        return run()
    with _blocked():  # the thread keeps them so: a signal that `handlers_kept` lets wait would not
        watchdog = _Watchdog(logger)
    try:
        with _handlers_restored():
            for signum in _SIGNALS:
                signal.signal(signum, _REQUEST.take)
            return run()
    finally:
        # However it went on the way: somebody may have caught what was raised.
        if _REQUEST.signum is not None:
            watchdog.tell(_REQUEST.signum)
            logging.shutdown()
            # No exit of the interpreter: that may wait for threads, and those for answers.
            os._exit(128 + _REQUEST.signum)
        watchdog.stop()


class _Watchdog:
    """A thread that ends the process if the main thread does not do so in time.

    The interpreter wakes it as soon as a signal is there, even if the main thread is stuck where no
    handler in Python can run.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._has_told = threading.Lock()
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)  # noqa: FBT003 - its only parameter
        self._previous = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Let the thread end."""
        signal.set_wakeup_fd(self._previous)
        self._waker.close()

    def tell(self, signum: int) -> None:
        """Tell of the end, once."""
        if self._has_told.acquire(blocking=False):
            name = signal.Signals(signum).name
            self._logger.warning("Ended by %s; the next run starts from the last state", name)

    def _watch(self) -> None:
        with self._woken:
            signum = self._next_signal()
            if signum is None:
                return
            if self._next_signal(_PATIENCE_SECONDS) is not None:
                time.sleep(_HURRY_SECONDS)
            # In a thread of its own, for the log may be stuck like the output.
            telling = threading.Thread(target=self.tell, args=(signum,), daemon=True)
            telling.start()
            telling.join(_HURRY_SECONDS)
            os._exit(128 + signum)

    def _next_signal(self, seconds: float | None = None) -> int | None:
        """Wait for one of our signals; None if there is none in time, or there will be none."""
        self._woken.settimeout(seconds)
        with suppress(TimeoutError):
            while received := self._woken.recv(1):
                if received[0] in _SIGNALS:
                    return received[0]
        return None


def _is_main_thread() -> bool:
    """Tell whether signal handlers can be set here."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _handlers_restored() -> Iterator[None]:
    handlers = {signum: signal.getsignal(signum) for signum in _SIGNALS}
    try:
        yield
    finally:
        for signum, handler in handlers.items():
            if handler is not None:  # one that was not set by Python cannot be set again
                signal.signal(signum, handler)


@contextmanager
def _blocked() -> Iterator[None]:
    """Let signals wait, where the system can do that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
