"""Runs commands, Meltano above all, with whatever they write in a folder of the demo's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, TypeAlias

Record: TypeAlias = dict[str, Any]
Landed: TypeAlias = dict[str, list[Record]]  # by stream

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / ".demo"
LANDED: Final = FOLDER / "landed"
MELTANO: Final = Path(sys.executable).with_name("meltano")

EXTRACTOR: Final = "tap-glue-metadata"
LOADER: Final = "target-jsonl"

SECONDS: Final = 900  # for one command; the first installation takes a while
TAIL_LINES: Final = 25

# The streams that a second run reads for changes only.
INCREMENTAL: Final = ("tables", "columns")
METADATA: Final = {stream: {"replication-method": "INCREMENTAL"} for stream in INCREMENTAL}


class DemoError(Exception):
    """Says what failed, in one line or with what Meltano printed below it."""


def install() -> None:
    """Let Meltano install the tap and the target, where that is not done yet."""
    _meltano("install", EXTRACTOR, LOADER)


def clear() -> None:
    """Delete what an earlier demo landed, and what was built on it."""
    shutil.rmtree(LANDED, ignore_errors=True)


def run(name: str, endpoint_url: str, *options: str) -> Landed:
    """Run the pipeline from an endpoint into files of JSON lines.

    Args:
        name: Names the folder of the files.
        endpoint_url: The endpoint to read, instead of AWS.
        *options: Options of `meltano run`.

    Returns:
        Each stream's records.
    """
    output = LANDED / name
    _meltano(
        "run",
        *options,
        EXTRACTOR,
        LOADER,
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",  # noqa: S106 # the emulator knows this one
        TAP_GLUE_METADATA_AWS_ENDPOINT_URL=endpoint_url,
        TAP_GLUE_METADATA_AWS_REGIONS='["us-east-1"]',
        TAP_GLUE_METADATA__METADATA=json.dumps(METADATA),
        TARGET_JSONL_DESTINATION_PATH=str(output),
        TARGET_JSONL_DO_TIMESTAMP_FILE="false",
    )
    return {
        path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for path in output.glob("*.jsonl")
    }


def call(program: Path, *arguments: str, **environment: str) -> None:
    """Run a command.

    Args:
        program: What to run.
        *arguments: Its arguments.
        **environment: Variables, besides those of the caller that concern neither AWS nor the
            pipeline.

    Raises:
        DemoError: It could not start, failed, or took too long.
    """
    name = f"{program.name} {next(word for word in arguments if not word.startswith('-'))}"
    try:
        done = subprocess.run(  # noqa: S603 # a fixed command, without a shell
            [str(program), *arguments],
            cwd=ROOT,
            env=_isolated() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except OSError as error:
        raise DemoError(f"cannot start {program} ({error.strerror}); try make demo") from error
    except subprocess.TimeoutExpired as error:
        raise DemoError(f"{name} took longer than {SECONDS} seconds") from error
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-TAIL_LINES:])
        raise DemoError(f"{name} exited with {done.returncode}\n{tail}")


def _meltano(*arguments: str, **environment: str) -> None:
    # A .env file may hold the settings of a real account.
    call(MELTANO, f"--env-file={os.devnull}", *arguments, **environment)


def _isolated() -> dict[str, str]:
    """Return the environment without the caller's settings for AWS, Meltano and dbt."""
    theirs = ("AWS_", "DBT_", "MELTANO_", "TAP_GLUE_METADATA_", "TARGET_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(theirs)}
    no_proxy = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    loopback = f"{no_proxy},127.0.0.1".lstrip(",")
    return environment | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "MELTANO_PROJECT_ROOT": str(ROOT),
        "MELTANO_SYS_DIR_ROOT": str(FOLDER / "meltano"),
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        "NO_COLOR": "1",
        "NO_PROXY": loopback,
        "no_proxy": loopback,
    }
