"""Runs the pipeline against an emulated AWS: moto, `meltano run`, and a look at what landed.

`make demo` starts it. It needs no AWS account and reaches none: whatever the caller's shell says
about AWS or Meltano is dropped, and the tap is given the emulator's endpoint through its settings.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from moto.server import ThreadedMotoServer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from sample_catalog import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = dict[str, Any]

STREAMS = ("catalogs", "databases", "tables", "columns", "jobs", "workflows")
REGION = "us-east-1"
BLOCKS = ("tap-glue-metadata", "target-jsonl")

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "output"
MELTANO = Path(sys.executable).parent / "meltano"

INSTALL_SECONDS = 900
RUN_SECONDS = 300
TAIL_LINES = 25

SET = ".venv/bin/meltano config set --store=dotenv"
REAL_ACCOUNT = f"""\
# The demo told the tap of its emulator through environment variables only: there is nothing to
# undo. Leave aws_endpoint_url unset, and name the regions to read:
{SET} tap-glue-metadata aws_regions '["eu-central-1"]'

# Credentials: with no setting at all, boto3's default chain finds them (environment, SSO, instance
# role). Or name a profile, a role to assume on top, or keys. All of it goes to .env, which git
# ignores and this demo does not read:
{SET} tap-glue-metadata aws_profile PROFILE
{SET} tap-glue-metadata aws_assume_role_arn ROLE_ARN
{SET} --interactive tap-glue-metadata

# Run it once, or run the job that meltano.yml schedules daily:
.venv/bin/meltano run {" ".join(BLOCKS)}
.venv/bin/meltano run glue-metadata
"""

# A file or a pipe has no width of its own, and 80 columns would break the tables.
console = Console(width=None if sys.stdout.isatty() else 120)


class DemoError(Exception):
    """Says what failed.

    Attributes:
        output: What Meltano printed, where that tells more.
    """

    def __init__(self, message: str, output: str = "") -> None:
        """Store the message and the output."""
        super().__init__(message)
        self.output = output


def main() -> int:
    """Run the demo.

    Returns:
        The exit code: 0 if every stream landed with records.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        isolate()
        install()
        with emulated_glue() as endpoint_url:
            output = extract(endpoint_url)
        show(landed(output))
    except KeyError as error:
        print_failure(f"a record has no field {error}")
        return 1
    except DemoError as error:
        print_failure(str(error), error.output)
        return 1
    except KeyboardInterrupt:
        console.print("The demo was interrupted.")
        return 128 + signal.SIGINT
    return 0


def isolate() -> None:
    """Rid this process, and those it starts, of the caller's settings for AWS and Meltano."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "MELTANO_", "TAP_GLUE_METADATA_", "TARGET_JSONL_")):
            del os.environ[name]
    no_proxy = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    loopback = f"{no_proxy},127.0.0.1".lstrip(",")
    os.environ.update(
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",  # noqa: S106 # the emulator takes any
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        MELTANO_PROJECT_ROOT=str(ROOT),
        MELTANO_SEND_ANONYMOUS_USAGE_STATS="false",
        MELTANO_CLI_DISABLE_VERSION_CHECK="true",
        NO_PROXY=loopback,
        no_proxy=loopback,
    )


def install() -> None:
    """Let Meltano install the tap and the target, unless it did since their definition changed."""
    fingerprints = [
        ROOT / ".meltano" / kind / name / "venv" / ".meltano_plugin_fingerprint"
        for kind, name in zip(("extractors", "loaders"), BLOCKS, strict=True)
    ]
    changed = max(
        (ROOT / name).stat().st_mtime
        for name in ("meltano.yml", "pyproject.toml", "constraints.txt")
    )
    if all(path.exists() and path.stat().st_mtime >= changed for path in fingerprints):
        return
    console.print(f"Installing {' and '.join(BLOCKS)} with Meltano (it takes a while) ...")
    meltano("install", seconds=INSTALL_SECONDS)


@contextmanager
def emulated_glue() -> Iterator[str]:
    """Emulate AWS on a free loopback port, with the sample catalog in it.

    Yields:
        The emulator's URL.

    Raises:
        DemoError: The emulator refused the sample catalog.
    """
    # It logs each request, and a traceback for an operation that moto does not know.
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint_url = f"http://{host}:{port}"
        console.print(f"Emulating AWS Glue at {endpoint_url} ...")
        try:
            fill(boto3.client("glue", region_name=REGION, endpoint_url=endpoint_url))
        except (BotoCoreError, ClientError) as error:
            raise DemoError(f"the emulator refused the sample catalog: {error}") from error
        yield endpoint_url
    finally:
        server.stop()


def extract(endpoint_url: str) -> str:
    """Run the pipeline from the emulator into files of JSON lines, without any earlier state.

    Args:
        endpoint_url: The emulator's URL.

    Returns:
        What Meltano printed.
    """
    OUTPUT.mkdir(exist_ok=True)
    for stream in STREAMS:
        path(stream).unlink(missing_ok=True)  # the target appends
    command = ("run", *BLOCKS)
    console.print(f"Running meltano {' '.join(command)} ...")
    return meltano(
        *command,
        "--no-state-update",  # state is then not read either
        "--refresh-catalog",
        seconds=RUN_SECONDS,
        TAP_GLUE_METADATA_AWS_ENDPOINT_URL=endpoint_url,
        TAP_GLUE_METADATA_AWS_REGIONS=json.dumps([REGION]),
    )


def meltano(*arguments: str, seconds: int, **environment: str) -> str:
    """Run Meltano, quietly.

    Args:
        *arguments: Its arguments.
        seconds: How long it may take.
        **environment: Environment variables on top of this process's own.

    Returns:
        What it printed.

    Raises:
        DemoError: It could not be started, failed or took too long.
    """
    # A .env file may hold the settings of a real account.
    command = [str(MELTANO), f"--env-file={os.devnull}", *arguments]
    shown = f"meltano {' '.join(arguments)}"
    with TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            process = subprocess.Popen(  # noqa: S603 # a fixed command, without a shell
                command,
                cwd=ROOT,
                env=os.environ | environment | {"NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise DemoError(f"cannot start {MELTANO}: {error.strerror}; try make venv") from error
        try:
            code = process.wait(seconds)
            problem = f"`{shown}` ended with exit code {code}" if code else ""
        except subprocess.TimeoutExpired:
            problem = f"`{shown}` took longer than {seconds} seconds"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # the tap and the target with it
                process.wait()
        log.seek(0)
        output = log.read()
    if problem:
        raise DemoError(problem, output)
    return output


def path(stream: str) -> Path:
    """The file in which target-jsonl lands a stream."""
    return OUTPUT / f"{stream}.jsonl"


def landed(output: str) -> dict[str, list[Record]]:
    """Read what the target wrote.

    Args:
        output: What Meltano printed, to be shown if something is missing.

    Returns:
        Each stream's records.

    Raises:
        DemoError: A stream has no file, or no record in it.
    """
    records = {
        stream: [json.loads(line) for line in path(stream).read_text("utf-8").splitlines()]
        for stream in STREAMS
        if path(stream).exists()
    }
    if missing := [stream for stream in STREAMS if not records.get(stream)]:
        raise DemoError(f"no records of {', '.join(missing)} landed in {OUTPUT.name}/", output)
    return records


def show(records: dict[str, list[Record]]) -> None:
    """Print what landed, a few records of it, and how to read a real account.

    Args:
        records: Each stream's records.

    Raises:
        DemoError: A record to be shown is not there.
    """
    print_table(
        "What landed",
        [
            {
                "stream": stream,
                "count": len(records[stream]),
                "file": path(stream).relative_to(ROOT),
            }
            for stream in STREAMS
        ],
        {"stream": "stream", "count": "records", "file": "file"},
    )
    print_table(
        "Tables",
        sorted(records["tables"], key=lambda table: (table["database_name"], table["name"])),
        {
            "database_name": "database",
            "name": "table",
            "table_format": "format",
            "location": "location",
            "record_count": "records",
            "column_count": "columns",
            "partition_key_count": "keys",
        },
    )
    for database, table in (("sales", "customers"), ("lakehouse", "shipments")):
        print_table(
            f"Columns of {database}.{table}",
            select(records["columns"], database_name=database, table_name=table),
            {
                "name": "column",
                "type": "type",
                "is_partition_key": "key",
                "is_current": "current",
                "comment": "comment",
            },
        )
    (view,) = select(records["tables"], name="monthly_revenue")
    print_title("SQL of the view sales.monthly_revenue")
    console.print(Syntax(str(view["view_sql"]), "sql", background_color="default"))
    (job,) = select(records["jobs"], name="orders-to-parquet")
    print_title("The job orders-to-parquet, without nulls")
    console.print_json(data=without_nulls(job))
    print_title("On a real account")
    console.print(Syntax(REAL_ACCOUNT, "bash", background_color="default", word_wrap=True))


def select(records: list[Record], **wanted: str) -> list[Record]:
    """The records whose fields have the wanted values; at least one.

    Args:
        records: The records to choose from.
        **wanted: Field names and their values.

    Returns:
        The chosen records.

    Raises:
        DemoError: There is none.
    """
    chosen = [record for record in records if wanted.items() <= record.items()]
    if not chosen:
        raise DemoError(f"no record has {wanted}")
    return chosen


def print_failure(problem: str, output: str = "") -> None:
    """Print what failed, in a line, and the end of what Meltano printed."""
    console.print(Text(f"The demo failed: {problem}", style="bold red"), soft_wrap=True)
    for line in output.splitlines()[-TAIL_LINES:]:
        console.print(Text(f"  {line}", style="dim"), soft_wrap=True)


def print_title(title: str) -> None:
    """Print a title, set off from what is above."""
    console.print(Text(f"\n{title}", style="bold"))


def print_table(title: str, records: list[Record], headings: dict[str, str]) -> None:
    """Print some fields of records as a table.

    Args:
        title: The title above it.
        records: One row each.
        headings: One column each: the field, and what stands above it.
    """
    print_title(title)
    table = Table(box=SIMPLE_HEAD)
    for field, heading in headings.items():
        table.add_column(
            heading,
            justify="right" if field.endswith("count") else "left",
            no_wrap=field not in {"location", "type", "comment"},
            overflow="fold",
        )
    for record in records:
        table.add_row(*(Text(cell(record.get(field))) for field in headings))
    console.print(table)


def cell(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def without_nulls(value: object) -> object:
    """A JSON value without the members that are null."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


if __name__ == "__main__":
    sys.exit(main())
