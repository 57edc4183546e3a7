"""Writes Singer messages to stdout: encoded by msgspec, collected, and sent in large pieces."""

from __future__ import annotations

import sys
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter, encoder
from singer_sdk.singerlib.messages import RecordMessage

from tap_glue_metadata.aws.errors import TapError

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from singer_sdk.singerlib.messages import Message

_PIECE_BYTES: Final = 262_144  # larger ones are not faster
_WAIT_SECONDS: Final = 1.0  # how long a line waits for others, if more come at all


class OutputError(TapError):
    """What is written does not get to its reader."""


class Output:
    """Lines of JSON on their way to stdout, which gets whole lines only."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = Lock()
        self._buffer = bytearray()
        # What follows it does not count: a value that cannot be encoded leaves a part of a line.
        self._size = 0
        self._due = 0.0

    def add(self, message: object) -> None:
        """Add a line; it is written now or later.

        Args:
            message: What the SDK's encoder makes a JSON object of.

        Raises:
            OutputError: Nobody takes what is written.
        """
        with self._lock:
            buffer = self._buffer
            encoder.encode_into(message, buffer, self._size)
            buffer += b"\n"
            self._size = len(buffer)
            self._write_if_due()

    def add_all(self, messages: Sequence[object]) -> None:
        """Add lines, faster than one by one.

        Args:
            messages: Each as in `add`.

        Raises:
            OutputError: Nobody takes what is written.
        """
        with self._lock:
            lines = encoder.encode_lines(messages)
            self._buffer[self._size :] = lines
            self._size += len(lines)
            self._write_if_due()

    def print(self, text: str) -> None:
        """Write a text and a line break as a whole, whatever signal comes.

        Args:
            text: Any text.

        Raises:
            OSError: It cannot be written. click is silent if its reader has ended, as after
                `--discover | head`.
        """
        with self._lock:
            _send(memoryview(f"{text}\n".encode()))

    def flush(self) -> None:
        """Write all lines that were added.

        Raises:
            OutputError: Nobody takes them; they are dropped.
        """
        with self._lock:
            self._write()

    def close(self) -> None:
        """Finish what is being written, write all other lines that were added, and block the rest.

        A thread that adds a line afterwards waits until the process ends. An error is not raised:
        when a pipeline is stopped, the reader has often ended first.
        """
        blocked = Lock()
        blocked.acquire()
        current, self._lock = self._lock, blocked
        current.acquire()  # never released: another thread may be waiting for this one
        with suppress(OutputError):
            self._write()

    def _write_if_due(self) -> None:
        if self._size >= _PIECE_BYTES or monotonic() >= self._due:
            self._write()

    def _write(self) -> None:
        try:
            if self._size:
                _write(memoryview(self._buffer)[: self._size])
        finally:
            self._buffer, self._size = bytearray(), 0
            self._due = monotonic() + _WAIT_SECONDS


OUTPUT: Final = Output()  # the process has one stdout


class _Record(msgspec.Struct, tag_field="type", tag="RECORD", omit_defaults=True, gc=False):
    """A RECORD message, with the fields of the SDK's in their order; cheaper to make and encode."""

    stream: str
    record: dict[str, Any]
    version: int | None = None
    time_extracted: datetime | None = None


class GlueWriter(MsgSpecWriter):
    """Writes the messages that the SDK's writer writes, byte for byte, with fewer writes.

    Records wait for others: until there are enough, a second has passed when the next one comes,
    or a message of another type comes. That goes out at once, behind them.
    """

    def __init__(self, output: Output = OUTPUT) -> None:
        """Make a writer.

        Args:
            output: Where the messages go.
        """
        super().__init__()
        self._output = output

    @override
    def write_message(self, message: Message) -> None:
        if isinstance(message, RecordMessage):
            self.write_record(
                message.stream, message.record, message.version, message.time_extracted
            )
        else:
            self._output.add(message.to_dict())
            self._output.flush()

    def write_record(
        self,
        stream: str,
        record: dict[str, Any],
        version: int | None = None,
        time_extracted: datetime | None = None,
    ) -> None:
        """Write a RECORD message without making one of the SDK's.

        Args:
            stream: The stream's name in the output.
            record: The record; it may change afterwards.
            version: The version that an ACTIVATE_VERSION message will name, if one will.
            time_extracted: When the record was read, in UTC.

        Raises:
            OutputError: Nobody takes what is written.
        """
        self._output.add(_Record(stream, record, version, time_extracted))

    def write_records(
        self,
        stream: str,
        records: Iterable[dict[str, Any]],
        version: int | None,
        time_extracted: datetime,
    ) -> int:
        """Write RECORD messages, as `write_record` does each.

        Args:
            stream: The stream's name in the output.
            records: The records, which are held in memory together.
            version: The version that an ACTIVATE_VERSION message will name, if one will.
            time_extracted: When the records were read, in UTC.

        Returns:
            How many there were.

        Raises:
            OutputError: Nobody takes what is written.
        """
        messages = [_Record(stream, record, version, time_extracted) for record in records]
        self._output.add_all(messages)
        return len(messages)


def _send(rest: memoryview) -> None:
    if sys.stdout is None:  # the process was started without one
        raise OutputError("The standard output is closed")
    while rest:  # an unbuffered stdout may take a part
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.flush()


def _write(lines: memoryview) -> None:
    try:
        _send(lines)
    except ConnectionError as error:
        raise OutputError("The reader of the output has ended; its own log may say why") from error
    except OSError as error:
        raise OutputError(f"The output cannot be written: {error.strerror}") from error
