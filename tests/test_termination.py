"""The command is told to end, by a signal or by a reader that is no more."""

from __future__ import annotations

import array
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from singer import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fake_aws import FakeAws


Json = dict[str, Any]

TAP = Path(sys.executable).with_name("tap-glue-metadata")
SECONDS = 60  # far longer than anything here takes, far shorter than the calls that hang

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")


@pytest.fixture
def start(tmp_path: Path, settings: Json) -> Iterator[Any]:
    """Start the command; end what is left of it."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **changes: Any) -> subprocess.Popen[bytes]:
        config, selected = tmp_path / "config.json", tmp_path / "catalog.json"
        config.write_text(json.dumps({**settings, **changes}))
        selected.write_text(json.dumps(catalog("databases", "tables", "columns")))
        process = subprocess.Popen(
            [TAP, "--config", config, "--catalog", selected, *arguments],
            bufsize=0,  # what is read ahead would be lost to communicate()
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def check_output(before: bytes, rest: bytes) -> list[Json]:
    """Read what came out: whole lines, each a message."""
    output = before + rest
    assert output.endswith(b"\n")
    return [json.loads(line) for line in output.splitlines()]


def told(stderr: bytes, level: str) -> list[str]:
    assert b"Traceback" not in stderr
    assert b"Exception ignored" not in stderr
    lines = stderr.decode().splitlines()
    return [line for line in lines if f"| {level}" in line and "PythonEOL" not in line]


SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_in_the_middle_of_a_run(
    endpoint: FakeAws, start: Any, signum: signal.Signals
) -> None:
    endpoint.store().generate(databases=50, tables=200, columns=20)
    process = start()
    before = b"".join(process.stdout.readline() for _ in range(50))
    process.send_signal(signum)
    rest, stderr = process.communicate(timeout=SECONDS)
    messages = check_output(before, rest)
    assert len(messages) < 50 * 200 * 20
    assert process.returncode == {"SIGTERM": 143, "SIGINT": 130, "SIGHUP": 129}[signum.name]
    [line] = told(stderr, "WARNING")
    assert f"Ended by {signum.name}; the next run starts from the last state" in line
    assert told(stderr, "ERROR") == []
    bookmarks = [
        message["value"]["bookmarks"] for message in messages if message["type"] == "STATE"
    ]
    assert not any("tables" in bookmark for bookmark in bookmarks)


def test_a_signal_while_all_threads_wait_for_an_answer(endpoint: FakeAws, start: Any) -> None:
    endpoint.store().generate(databases=20, tables=1, columns=1)
    endpoint.hang("GetTables", SECONDS)
    process = start()
    while endpoint.count("GetTables") < 1:
        assert process.poll() is None
        signal.sigtimedwait([], 0.05)
    process.send_signal(signal.SIGTERM)
    output, stderr = process.communicate(timeout=SECONDS)
    check_output(b"", output)
    assert process.returncode == 128 + signal.SIGTERM
    assert len(told(stderr, "WARNING")) == 1


def test_a_storm_of_signals(endpoint: FakeAws, start: Any) -> None:
    endpoint.store().generate(databases=50, tables=200, columns=20)
    process = start()
    before = process.stdout.readline()
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        process.send_signal(signum)
    _, stderr = process.communicate(timeout=SECONDS)
    assert json.loads(before)
    assert process.returncode in {128 + signal.SIGTERM, 128 + signal.SIGINT}
    assert told(stderr, "ERROR") == []


def test_a_reader_that_is_no_more(endpoint: FakeAws, start: Any) -> None:
    endpoint.store().generate(databases=50, tables=200, columns=20)
    process = start()
    assert [json.loads(process.stdout.readline())["type"] for _ in range(3)]
    process.stdout.close()
    stderr = process.stderr.read()
    assert process.wait(timeout=SECONDS) == 1
    [line] = told(stderr, "ERROR")
    assert "The reader of the output has ended" in line


def test_a_signal_that_is_to_be_ignored(endpoint: FakeAws, settings: Json, tmp_path: Path) -> None:
    endpoint.store().generate(databases=50, tables=20, columns=2)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings))
    process = subprocess.Popen(
        ["/usr/bin/env", "nohup", TAP, "--config", config],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # `communicate` does not see what a buffer has taken
    )
    before = (process.stdout or sys.stdin.buffer).readline()
    process.send_signal(signal.SIGHUP)
    rest, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    records = [m for m in check_output(before, rest) if m["type"] == "RECORD"]
    assert len([record for record in records if record["stream"] == "columns"]) == 2000
    assert told(stderr, "WARNING") == []


def test_an_error_in_the_middle_of_a_run(endpoint: FakeAws, start: Any) -> None:
    endpoint.store().generate(databases=3, tables=40, columns=5)
    endpoint.fail(
        "GetTables", "InvalidInputException", when=lambda params: params["DatabaseName"] == "db_002"
    )
    process = start(concurrency=1)
    output, stderr = process.communicate(timeout=SECONDS)
    messages = check_output(b"", output)
    assert process.returncode == 1
    assert len(told(stderr, "ERROR")) == 1
    tables = [m for m in messages if m["type"] == "RECORD" and m["stream"] == "tables"]
    assert {m["record"]["database_name"] for m in tables} == {"db_000", "db_001"}
    assert len(tables) == 80


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_until_told(process: subprocess.Popen[bytes]) -> None:
    """Wait until the process says that it ends."""
    wait_until(lambda: "Ended by" in str(process.stderr and process.stderr.readline()), process)


def wait_until_stuck(process: subprocess.Popen[bytes]) -> None:
    """Wait until the process has filled its pipe, and that stays as it is."""
    held = [-1]

    def is_stuck() -> bool:
        size = array.array("i", [0])
        fcntl.ioctl(process.stdout or 0, termios.FIONREAD, size)
        held.append(size[0])
        # More than half full: a busy machine also pauses a process that is not stuck.
        return held[-1] > 32_768 and len(set(held[-10:])) == 1 and len(held) > 10

    wait_until(is_stuck, process)


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("more", [0, 1, 20])
def test_a_reader_that_pauses_gets_the_line_to_its_end(
    endpoint: FakeAws, start: Any, first: signal.Signals, more: int
) -> None:
    endpoint.store().generate(databases=20, tables=200, columns=20)
    process = start()
    wait_until_stuck(process)
    process.send_signal(first)
    wait_until_told(process)
    for _ in range(more):
        process.send_signal(signal.SIGTERM)
    wait_until_stuck(process)
    output, stderr = process.communicate(timeout=SECONDS)
    check_output(b"", output)
    assert len(output) < 1_000_000  # what a pipe holds and a piece or two, not all there is
    assert process.returncode == 128 + first
    assert told(stderr, "WARNING") == []  # it was read above


def test_a_catalog_is_written_as_a_whole(start: Any) -> None:
    process = start("--discover", extra_streams=["etl", "tables"])
    wait_until_stuck(process)
    process.send_signal(signal.SIGTERM)
    wait_until_told(process)
    output, _ = process.communicate(timeout=SECONDS)
    assert len(output) > 100_000  # more than a pipe holds
    assert json.loads(output)["streams"]
    assert process.returncode == 128 + signal.SIGTERM


def test_nobody_reads_and_nobody_will(endpoint: FakeAws, start: Any) -> None:
    endpoint.store().generate(databases=20, tables=200, columns=20)
    process = start()
    wait_until_stuck(process)
    process.send_signal(signal.SIGTERM)
    wait_until_told(process)
    process.stdout.close()
    assert process.wait(timeout=SECONDS) == 128 + signal.SIGTERM
    assert told(process.stderr.read(), "ERROR") == []


def test_stdout_without_a_buffer(
    endpoint: FakeAws, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    endpoint.store().generate(databases=50, tables=200, columns=20)
    process = start()
    wait_until_stuck(process)
    process.send_signal(signal.SIGINT)
    output, stderr = process.communicate(timeout=SECONDS)
    check_output(b"", output)
    assert process.returncode == 128 + signal.SIGINT
    assert len(told(stderr, "WARNING")) == 1


@pytest.mark.parametrize("changes", [{}, {"aws_account_id": "123456789012"}], ids=["STS", "Glue"])
def test_every_call_waits(endpoint: FakeAws, start: Any, changes: Json) -> None:
    endpoint.latency = SECONDS
    process = start(**changes)
    wait_until(lambda: bool(endpoint.calls), process)
    process.send_signal(signal.SIGTERM)
    output, stderr = process.communicate(timeout=SECONDS / 2)
    assert not output or check_output(b"", output)
    assert process.returncode == 128 + signal.SIGTERM
    assert len(told(stderr, "WARNING")) == 1


def test_whole_lines_in_a_storm(endpoint: FakeAws, start: Any) -> None:
    endpoint.store().generate(databases=50, tables=200, columns=20)
    process = start()
    before = process.stdout.readline()
    for _ in range(20):
        process.send_signal(signal.SIGTERM)
    rest, stderr = process.communicate(timeout=SECONDS)
    check_output(before, rest)
    assert process.returncode == 128 + signal.SIGTERM
    assert len(told(stderr, "WARNING")) == 1


@pytest.mark.parametrize("arguments", [[], ["--discover"], ["--about"], ["--test"]], ids=" ".join)
def test_nobody_ever_read(
    endpoint: FakeAws, settings: Json, tmp_path: Path, arguments: list[str]
) -> None:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings))
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [TAP, "--config", config, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    finally:
        os.close(writer)
    assert done.returncode == 1
    assert len(told(done.stderr, "ERROR")) <= 1  # click says nothing of what it prints itself
    assert len(told(done.stderr, "ERROR")) == 1 or arguments in (["--discover"], ["--about"])


def test_a_test_run_writes_all_its_records(
    endpoint: FakeAws, settings: Json, tmp_path: Path
) -> None:
    endpoint.store().add("GetJobs", {"Name": "nightly"})
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings))
    done = subprocess.run(
        [TAP, "--config", config, "--test"], capture_output=True, timeout=SECONDS, check=True
    )
    records = [m for m in check_output(b"", done.stdout) if m["type"] == "RECORD"]
    assert "jobs" in {message["stream"] for message in records}


# What a run is made of


def run_python(body: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command of our own making, in a process of its own."""
    head = """
        import logging, os, signal, sys, threading, time
        from tap_glue_metadata.termination import run, take_signals
        logging.basicConfig(format="| %(levelname)s | %(message)s")
        def end(): os.kill(os.getpid(), signal.SIGTERM)
        def close(): print("closed", flush=True)
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(body)],
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("code", [0, 1, 2])
def test_without_a_signal_the_exit_code_is_the_commands(code: int) -> None:
    done = run_python(f"take_signals(); run(lambda: {code}, close)")
    assert (done.stdout, done.returncode, done.stderr) == (b"", code, b"")


def test_nobody_can_catch_the_end() -> None:
    done = run_python(
        """
        def command():
            try:
                end()
            finally:
                time.sleep(3600)
        take_signals()
        run(command, close)
        """
    )
    assert (done.stdout, done.returncode) == (b"closed\n", 128 + signal.SIGTERM)
    assert len(told(done.stderr, "WARNING")) == 1


def test_threads_do_not_delay_the_end() -> None:
    done = run_python(
        """
        threading.Thread(target=time.sleep, args=(3600,)).start()
        take_signals()
        run(lambda: 0, close)
        """
    )
    assert done.returncode == 0


def test_a_signal_before_the_command_has_begun_waits_for_it() -> None:
    done = run_python(
        """
        take_signals()
        end()
        run(lambda: time.sleep(3600), close)
        """
    )
    assert (done.stdout, done.returncode) == (b"closed\n", 128 + signal.SIGTERM)
    assert len(told(done.stderr, "WARNING")) == 1


def test_a_tap_in_a_library_leaves_the_signals_alone() -> None:
    done = run_python(
        """
        from tap_glue_metadata.tap import TapGlueMetadata
        before = [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)]
        TapGlueMetadata()
        assert before == [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)]
        """
    )
    assert done.returncode == 0, done.stderr
