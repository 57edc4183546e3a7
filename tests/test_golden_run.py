"""One whole run over the sample catalog, message by message and log line by log line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sample
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

if TYPE_CHECKING:
    from fake_aws import FakeAws
    from syrupy.assertion import SnapshotAssertion

TAP = Path(sys.executable).parent / "tap-glue-metadata"


class _Lines(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "jsonl"


class _Log(_Lines):
    file_extension = "log"


@pytest.fixture
def run(
    endpoint: FakeAws, settings: dict[str, Any], tmp_path: Path
) -> subprocess.CompletedProcess[str]:
    """Run the tap as its user does, one call at a time so that the order is always the same."""
    sample.fill(endpoint)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings | {"concurrency": 1}))
    return subprocess.run(
        [TAP, "--config", config], capture_output=True, text=True, timeout=120, check=True
    )


def test_messages(run: subprocess.CompletedProcess[str], snapshot: SnapshotAssertion) -> None:
    lines = []
    for line in run.stdout.splitlines():
        message = json.loads(line)
        message.pop("time_extracted", None)
        if message["type"] == "SCHEMA":  # test_catalog.py has it whole
            message["schema"] = f"{len(message['schema']['properties'])} properties"
        if "record" in message:
            message["record"] = {k: v for k, v in message["record"].items() if v is not None}
            if message["stream"] == "extractions":
                times = ("run_started_at", "started_at", "full_started_at", "completed_at")
                message["record"] |= dict.fromkeys(times, "TIME")
        lines.append(json.dumps(message, ensure_ascii=False))
    assert "\n".join(lines) + "\n" == snapshot(extension_class=_Lines)


def test_log(run: subprocess.CompletedProcess[str], snapshot: SnapshotAssertion) -> None:
    # A Python near its end of life is warned of, in lines of their own.
    logged = [line for line in run.stderr.splitlines() if " | " in line]
    lines = [line.split(" | ", 1)[1] for line in logged if "PythonEOLWarning" not in line]
    text = "\n".join(lines) + "\n"
    for pattern, word in (
        (r'"pid":\d+', '"pid":PID'),
        (r'"value":\d+\.[\de-]+', '"value":SECONDS'),
        (r" v\d[\w.]*", " vVERSION"),
    ):
        text = re.sub(pattern, word, text)
    assert text == snapshot(extension_class=_Log)
