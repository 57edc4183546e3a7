"""The writer: what is on the wire is the SDK's, byte for byte; when it goes out is ours."""

from __future__ import annotations

import io
import itertools
import json
import sys
import threading
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib.messages import (
    ActivateVersionMessage,
    Message,
    RecordMessage,
    SchemaMessage,
    StateMessage,
)

from tap_glue_metadata import writer as module
from tap_glue_metadata.writer import GlueWriter, Output, OutputError

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=timezone.utc)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.datetimes(timezones=st.none() | st.just(timezone.utc))
    | st.dates()
    | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
ZONES = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
RECORDS = st.builds(
    RecordMessage,
    stream=st.text(),
    record=st.dictionaries(st.text(), VALUES),
    version=st.none() | st.integers(0, 2**53),
    # Within reach of every zone's offset.
    time_extracted=st.none()
    | st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=ZONES),  # noqa: DTZ001
)
OTHERS = (
    st.builds(SchemaMessage, st.text(), st.dictionaries(st.text(), VALUES), st.lists(st.text()))
    | st.builds(StateMessage, st.dictionaries(st.text(), VALUES))
    | st.builds(ActivateVersionMessage, st.text(), st.integers(0, 2**53))
)


class Stdout:
    """Takes bytes, and notes each write; may take a part of them, or fail."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.most = sys.maxsize
        self.error: OSError | None = None
        self.buffer = self

    @property
    def written(self) -> bytes:
        return b"".join(self.pieces)

    def write(self, data: memoryview) -> int:
        if self.error is not None:
            raise self.error
        self.pieces.append(bytes(data[: self.most]))
        return len(self.pieces[-1])

    def flush(self) -> None:
        pass

    def fileno(self) -> int:
        raise io.UnsupportedOperation


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    return clock


@pytest.fixture
def stdout(monkeypatch: pytest.MonkeyPatch) -> Stdout:
    stdout = Stdout()
    # pytest sets that of sys anew between a fixture and its test.
    monkeypatch.setattr(module, "sys", SimpleNamespace(stdout=stdout))
    return stdout


@pytest.fixture
def writer(stdout: Stdout) -> GlueWriter:
    """Give a writer whose first line has gone out, so that the next ones wait."""
    writer = GlueWriter(Output())
    writer.write_message(StateMessage({}))
    stdout.pieces.clear()
    return writer


def sdk_lines(messages: list[Message]) -> bytes:
    writer = MsgSpecWriter()
    return b"".join(bytes(writer.format_message(message)) for message in messages)


# What is written


@given(st.lists(RECORDS | OTHERS, max_size=8))
def test_the_bytes_are_the_sdks(messages: list[Message]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        stdout = Stdout()
        patch.setattr(module, "sys", SimpleNamespace(stdout=stdout))
        output = Output()
        writer = GlueWriter(output)
        for message in messages:
            writer.write_message(message)
        output.flush()
    assert stdout.written == sdk_lines(messages)


@pytest.mark.parametrize("version", [None, 0, 7])
@pytest.mark.parametrize("time_extracted", [None, NOW])
def test_a_record_without_a_message_of_the_sdk(
    writer: GlueWriter, stdout: Stdout, version: int | None, time_extracted: datetime | None
) -> None:
    writer.write_record("jobs", {"id": 1, "none": None}, version, time_extracted)
    writer.write_message(StateMessage({}))
    message = RecordMessage("jobs", {"id": 1, "none": None}, version, time_extracted)
    assert stdout.written == sdk_lines([message, StateMessage({})])


def test_formatting_a_message_is_the_sdks() -> None:
    message = RecordMessage("jobs", {"id": 1})
    assert GlueWriter(Output()).format_message(message) == sdk_lines([message])


def test_a_record_may_change_once_it_is_written(writer: GlueWriter, stdout: Stdout) -> None:
    record = {"id": 1}
    writer.write_record("jobs", record)
    record["id"] = 2
    writer.write_message(StateMessage({}))
    assert json.loads(stdout.written.splitlines()[0])["record"] == {"id": 1}


# When it is written


def test_records_wait_for_others(writer: GlueWriter, stdout: Stdout) -> None:
    for number in range(10):
        writer.write_record("jobs", {"id": number})
    assert stdout.pieces == []


def test_enough_records_go_out_in_one_piece(writer: GlueWriter, stdout: Stdout) -> None:
    numbers = range(10_000)
    for number in numbers:
        writer.write_record("jobs", {"id": number, "text": "x" * 50})
    assert 2 <= len(stdout.pieces) < 10
    assert all(piece.endswith(b"\n") for piece in stdout.pieces)
    writer.write_message(StateMessage({}))
    lines = [json.loads(line) for line in stdout.written.splitlines()]
    assert [line["record"]["id"] for line in lines[:-1]] == list(numbers)


@pytest.mark.parametrize(
    "message",
    [SchemaMessage("jobs", {}), StateMessage({"x": 1}), ActivateVersionMessage("jobs", 1)],
    ids=lambda message: message.type.value,
)
def test_any_other_message_goes_out_at_once_behind_the_records(
    writer: GlueWriter, stdout: Stdout, message: Message
) -> None:
    records = [RecordMessage("jobs", {"id": number}) for number in range(3)]
    for record in records:
        writer.write_message(record)
    writer.write_message(message)
    assert stdout.pieces == [sdk_lines([*records, message])]


def test_a_slow_run_does_not_sit_on_its_records(
    writer: GlueWriter, stdout: Stdout, clock: Clock
) -> None:
    writer.write_record("jobs", {"id": 1})
    clock.seconds += 1.5
    assert stdout.pieces == []
    writer.write_record("jobs", {"id": 2})
    assert len(stdout.written.splitlines()) == 2
    writer.write_record("jobs", {"id": 3})
    assert len(stdout.written.splitlines()) == 2


def test_nothing_is_written_twice(stdout: Stdout) -> None:
    output = Output()
    GlueWriter(output).write_record("jobs", {"id": 1})
    output.flush()
    written = stdout.written
    output.flush()
    assert stdout.written == written


# Whole lines, whatever happens


def test_a_stdout_that_takes_a_part_gets_the_rest(writer: GlueWriter, stdout: Stdout) -> None:
    stdout.most = 7
    messages = [RecordMessage("jobs", {"id": 1}), StateMessage({})]
    for message in messages:
        writer.write_message(message)
    assert len(stdout.pieces) > 2
    assert stdout.written == sdk_lines(messages)


class Unfit:
    def __str__(self) -> str:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("value", "error"),
    [(Unfit(), ZeroDivisionError), ("\ud800", UnicodeEncodeError)],
    ids=["object", "surrogate"],
)
def test_a_record_that_cannot_be_encoded_leaves_no_trace(
    writer: GlueWriter, stdout: Stdout, value: Any, error: type[Exception]
) -> None:
    writer.write_record("jobs", {"id": 1})
    for size in (1, 5000):
        with pytest.raises(error):
            writer.write_record("jobs", {"many": ["x"] * size, "bad": value})
    writer.write_record("jobs", {"id": 2})
    writer.write_message(StateMessage({}))
    ids = [RecordMessage("jobs", {"id": number}) for number in (1, 2)]
    assert stdout.written == sdk_lines([*ids, StateMessage({})])


class Paused(Stdout):
    """Takes nothing before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.goes_on = threading.Event(), threading.Event()

    def write(self, data: memoryview) -> int:
        self.asked.set()
        assert self.goes_on.wait(60)
        return super().write(data)


def test_closing_finishes_what_is_being_written_and_lets_no_more_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stdout = Paused()
    monkeypatch.setattr(module, "sys", SimpleNamespace(stdout=stdout))
    output = Output()

    def write_for_ever() -> None:
        for number in itertools.count():
            output.add({"number": number})
            output.flush()

    threading.Thread(target=write_for_ever, daemon=True).start()
    assert stdout.asked.wait(60)
    closing = threading.Thread(target=output.close, daemon=True)
    closing.start()
    assert stdout.written == b""
    stdout.goes_on.set()
    closing.join(60)
    written = stdout.written
    numbers = [json.loads(line)["number"] for line in written.splitlines()]
    assert written.endswith(b"\n")
    assert numbers == list(range(len(numbers)))
    assert not closing.is_alive()


def test_closing_writes_what_waits(writer: GlueWriter, stdout: Stdout) -> None:
    writer.write_record("jobs", {"id": 1})
    writer._output.close()
    assert stdout.written == sdk_lines([RecordMessage("jobs", {"id": 1})])


def test_who_ends_the_tap_is_not_told_that_nobody_reads(writer: GlueWriter, stdout: Stdout) -> None:
    writer.write_record("jobs", {"id": 1})
    stdout.error = BrokenPipeError()
    writer._output.close()


# A reader that does not read


@pytest.mark.parametrize("error", [BrokenPipeError(), ConnectionResetError()])
def test_a_closed_pipe_is_told_in_a_line(
    writer: GlueWriter, stdout: Stdout, error: OSError
) -> None:
    stdout.error = error
    with pytest.raises(OutputError, match="reader of the output has ended"):
        writer.write_message(StateMessage({}))


def test_so_is_a_full_disk(writer: GlueWriter, stdout: Stdout) -> None:
    stdout.error = OSError(28, "No space left on device")
    with pytest.raises(OutputError, match="cannot be written: No space left"):
        writer.write_message(StateMessage({}))


def test_so_is_a_closed_stdout(writer: GlueWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "sys", SimpleNamespace(stdout=None))
    with pytest.raises(OutputError, match="is closed"):
        writer.write_message(StateMessage({}))


def test_what_nobody_took_is_not_offered_again(writer: GlueWriter, stdout: Stdout) -> None:
    stdout.error = BrokenPipeError()
    with pytest.raises(OutputError):
        writer.write_message(StateMessage({"x": 1}))
    stdout.error = None
    writer.write_message(StateMessage({}))
    assert stdout.written == sdk_lines([StateMessage({})])
