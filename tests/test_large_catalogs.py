"""Memory, log and state do not grow with the catalog, and output begins at once."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fake_aws import FakeAws

TAP = Path(sys.executable).parent / "tap-glue-metadata"
SERVER = Path(__file__).parent / "fake_aws.py"


@contextmanager
def _endpoint_process(databases: int, tables: int) -> Iterator[str]:
    """Serve a generated catalog from another process, so that this one's memory is the tap's."""
    command = [sys.executable, str(SERVER), "--databases", str(databases), "--tables", str(tables)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        assert server.stdin is not None
        server.stdin.close()


def _config(tmp_path: Path, url: str, **settings: Any) -> Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"aws_endpoint_url": url, "aws_regions": ["us-east-1"], **settings}))
    return path


# The peak of a process counts from before its exec, so a small one has to start the tap.
MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:], stdout=open(sys.argv[1], "w")).returncode
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def test_100_000_tables_in_less_than_200_mb(tmp_path: Path) -> None:
    output = tmp_path / "singer.jsonl"
    with _endpoint_process(databases=100, tables=1000) as url:
        tap = [str(TAP), "--config", str(_config(tmp_path, url))]
        run = subprocess.run(
            [sys.executable, "-c", MEASURE, str(output), *tap],
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    peak = int(run.stderr.split()[-1])
    assert peak * 1024 < 200e6  # Linux counts in KiB
    records = state = 0
    with output.open() as lines:
        for line in lines:
            records += line.startswith('{"type":"RECORD","stream":"tables"')
            state = len(line) if line.startswith('{"type":"STATE"') else state
    assert records == 100_000
    assert 0 < state < 2_000


def test_the_log_of_10_000_tables_is_short(tmp_path: Path) -> None:
    with _endpoint_process(databases=100, tables=100) as url:
        command = [str(TAP), "--config", str(_config(tmp_path, url))]
        run = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120, check=True
        )
    assert len(run.stderr.splitlines()) < 60


def test_output_begins_before_the_second_database_is_listed(
    endpoint: FakeAws, settings: dict[str, Any], tmp_path: Path
) -> None:
    """The second database never answers its last page until the first table has come out."""
    endpoint.store().generate(databases=2, tables=1000)
    endpoint.latency = 0.05
    config = _config(tmp_path, settings["aws_endpoint_url"])
    with subprocess.Popen(
        [TAP, "--config", config], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line).get("stream") == "tables" and '"RECORD"' in line:
                break
        pages = [p for p in endpoint.params("GetTables") if p["DatabaseName"] == "db_001"]
        assert len(pages) < 10
        for _ in process.stdout:  # let it end by itself
            pass
    assert process.returncode == 0
    assert endpoint.count("GetTables") == 20
