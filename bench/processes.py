"""Starts what is measured, and the endpoint that it calls, each in a process of its own."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
BIN: Final = Path(sys.executable).parent
TAP: Final = str(BIN / "tap-glue-metadata")
RUN_SECONDS: Final = 300
TAIL_LINES: Final = 20

_RECORD: Final = re.compile(rb'\{"type": ?"RECORD", ?"stream": ?"(\w+)"')
_SETTINGS: Final = re.compile(
    r"(AWS|MELTANO|TAP|TARGET|SINGER_SDK|VAULT)_|(LOGLEVEL|PYTHONDONTWRITEBYTECODE)$"
)
# Those that are enabled for every account.
REGIONS: Final = (
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "sa-east-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "ap-south-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-southeast-1",
    "ap-southeast-2",
)
# Linux counts the peak of a process in KiB, macOS in bytes.
_PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024


class BenchError(Exception):
    """Says what went wrong; nothing that was measured counts then."""


@dataclass(frozen=True)
class Catalog:
    """What an endpoint serves.

    Attributes:
        databases: How many there are.
        tables: How many each database holds.
        columns: How many each table has.
        partitions: How many each table has, with a statistic for each column, a tag of Lake
            Formation and two on columns; none of all that if 0.
        workflows: How many there are.
        accounts: How many hold all this in each of `REGIONS`, to be reached by their roles; if
            0, one account holds it in one region.
        latency: Seconds that each call takes at least.
        rate: Calls that the endpoint lets through in a second, after those of the first; any
            number of them if 0.
        lifted: Seconds after which it lets any number through again; never if 0.
    """

    databases: int = 0
    tables: int = 0
    columns: int = 0
    partitions: int = 0
    workflows: int = 0
    accounts: int = 0
    latency: float = 0.0
    rate: float = 0.0
    lifted: float = 0.0

    def scaled(self, scale: float) -> Catalog:
        """Return a share: of accounts, or else of tables (or databases of one) and workflows."""
        if self.accounts:
            return replace(self, accounts=math.ceil(scale * self.accounts))
        share = math.ceil(scale * (self.databases if self.tables == 1 else self.tables))
        part = {"databases": share} if self.tables == 1 else {"tables": share}
        return replace(self, **part, workflows=math.ceil(scale * self.workflows))

    @property
    def objects(self) -> dict[str, int]:
        """How many objects of each kind whoever reads all of it must find."""
        times = self.accounts * len(REGIONS) or 1
        tables = times * self.databases * self.tables
        columns = tables * self.columns
        has_details = bool(self.partitions)
        return {
            "databases": times * self.databases,
            "tables": tables,
            "columns": columns + has_details * tables,  # the partition key
            "partitions": tables * self.partitions,
            "column_statistics": has_details * columns,
            "lf_tags": has_details * (self.databases + 3 * tables),
            "workflows": times * self.workflows,
        }


@dataclass(frozen=True)
class Sample:
    """What one process cost.

    Attributes:
        seconds: From its start to its end.
        cpu: Seconds of processor time, all cores together.
        peak: The most memory that it held, in MB.
        threads: The most threads that were seen, 0 where the system does not tell.
        descriptors: The most file descriptors that were seen, likewise.
    """

    seconds: float
    cpu: float
    peak: float
    threads: int
    descriptors: int


@contextmanager
def _watched(process: subprocess.Popen[bytes]) -> Iterator[Counter[str]]:
    """Look ten times a second how many threads and descriptors a process has; yield the most."""
    most, ended = Counter[str](), threading.Event()

    def look() -> None:
        with suppress(OSError):  # the system has no such files, or the process has ended
            while not ended.wait(0.1):
                for kind in ("task", "fd"):
                    now = sum(1 for _ in Path(f"/proc/{process.pid}/{kind}").iterdir())
                    most[kind] = max(most[kind], now)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


class Endpoint:
    """A served catalog.

    Attributes:
        url: Where it is.
        catalog: What it serves.
    """

    def __init__(self, process: subprocess.Popen[str], catalog: Catalog) -> None:
        """Wait until a process serves."""
        self._process = process
        self.url = self._line()
        self.catalog = catalog

    def tell(self, command: str) -> Any:  # noqa: ANN401 - each command has its own answer
        """Have a command carried out, and return the answer."""
        assert self._process.stdin is not None  # noqa: S101 - it was opened with pipes
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - likewise
        if not (line := self._process.stdout.readline()):
            raise BenchError("the endpoint ended before its time")
        return line.strip()


@contextmanager
def serve(catalog: Catalog) -> Iterator[Endpoint]:
    """Serve a catalog until the context ends.

    Args:
        catalog: What to serve.

    Yields:
        The endpoint.

    Raises:
        BenchError: It did not start.
    """
    options = (f"--{name}={value}" for name, value in vars(catalog).items())
    command = [sys.executable, "-m", "bench.endpoint", *options]
    with subprocess.Popen(  # noqa: S603 - a fixed command, without a shell
        command,
        cwd=ROOT,
        env=environment() | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Endpoint(process, catalog)
        finally:
            process.kill()


def environment(url: str = "") -> dict[str, str]:
    """Return the caller's environment without its settings for AWS, Meltano, tap and targets.

    Neither is Python kept from writing bytecode: pip compiles what it installs, but the tap of a
    checkout would be compiled anew in each run.

    Args:
        url: The endpoint that boto3, and thus the tap, shall find.
    """
    kept = {name: value for name, value in os.environ.items() if not _SETTINGS.match(name)}
    no_proxy = kept.get("no_proxy") or kept.get("NO_PROXY") or ""
    loopback = f"{no_proxy},127.0.0.1".lstrip(",")
    known = {
        "NO_PROXY": loopback,
        "no_proxy": loopback,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return {**kept, **known, **({"AWS_ENDPOINT_URL": url} if url else {})}


def measure(  # noqa: PLR0913 - all but the first two are rarely given
    command: Sequence[str],
    output: Path,
    *,
    env: Mapping[str, str],
    stdin: Path | None = None,
    cwd: Path = ROOT,
    seconds: float = RUN_SECONDS,
) -> Sample:
    """Run a command to its end, interpreter start included.

    A peak counts from before the program is loaded, when a process is still a copy of its parent:
    this one imports little, so that it stays smaller than all it measures.

    Args:
        command: The command.
        output: Where its standard output goes; its log goes into a file beside it.
        env: Its environment.
        stdin: What it reads; nothing if not given.
        cwd: Where it runs.
        seconds: How long it may take.

    Returns:
        What it cost.

    Raises:
        BenchError: It failed, or took too long.
    """
    log = output.with_suffix(".log")
    with (
        Path(stdin or os.devnull).open("rb") as source,
        output.open("wb") as sink,
        log.open("wb") as errors,
    ):
        begin = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - a fixed command, without a shell
            command,
            cwd=cwd,
            env=dict(env),
            stdin=source,
            stdout=sink,
            stderr=errors,
            start_new_session=True,
        )
        limit = threading.Timer(seconds, _kill, [process])
        limit.start()
        try:
            with _watched(process) as most:
                _, status, usage = os.wait4(process.pid, 0)
                end = time.perf_counter()
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            limit.cancel()
            if process.returncode is None:
                _kill(process)
                process.wait()
    if process.returncode:
        shown = " ".join([Path(command[0]).name, *command[1:]])
        tail = b"\n".join(log.read_bytes().splitlines()[-TAIL_LINES:]).decode(errors="replace")
        late = f" (it may take {seconds:.0f} s)" if process.returncode == -signal.SIGKILL else ""
        raise BenchError(f"`{shown}` ended with exit code {process.returncode}{late}\n{tail}")
    peak = usage.ru_maxrss * _PEAK_UNIT / 1e6
    cpu = usage.ru_utime + usage.ru_stime
    return Sample(end - begin, cpu, peak, most["task"], most["fd"])


def role_arn(number: int) -> str:
    """Return the role by which an account of a catalog is read."""
    return f"arn:aws:iam::{10**11 + number}:role/reader"


def counts(output: Path) -> Counter[str]:
    """Count the Singer records of each stream, or read the one line that a loop printed.

    Args:
        output: What the tap or the loop wrote.

    Returns:
        Numbers by stream.
    """
    found: Counter[str] = Counter()
    with output.open("rb") as lines:
        for line in lines:
            if record := _RECORD.match(line):
                found[record[1].decode()] += 1
            elif not line.startswith(b'{"type"'):
                found.update(json.loads(line))
    return found


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what it started goes with it
