"""The main job in this checkout: `meltano install`, `meltano run`, `meltano schedule`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sample

if TYPE_CHECKING:
    from fake_aws import FakeAws

ROOT = Path(__file__).parent.parent
MELTANO = Path(sys.executable).parent / "meltano"


@pytest.fixture(scope="module")
def system_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the plugins once, apart from those that a developer has in this checkout."""
    directory = tmp_path_factory.mktemp("meltano")
    _meltano("install tap-glue-metadata target-jsonl", directory)
    return directory


def _meltano(arguments: str, directory: Path, **env: str) -> str:
    run = _run_meltano(arguments, directory, **env)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def _run_meltano(arguments: str, directory: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MELTANO, *arguments.split()],
        cwd=ROOT,
        env=os.environ
        | {
            "MELTANO_SYS_DIR_ROOT": str(directory),
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "NO_COLOR": "1",
            "TARGET_JSONL_DO_TIMESTAMP_FILE": "false",
        }
        | env,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_run_lands_every_stream_in_files(
    system_directory: Path, endpoint: FakeAws, tmp_path: Path
) -> None:
    sample.fill(endpoint)
    definition = (ROOT / "meltano.yml").read_bytes()
    run = _run_meltano(
        "--log-level=debug run --full-refresh tap-glue-metadata target-jsonl",
        system_directory,
        TAP_GLUE_METADATA_AWS_ENDPOINT_URL=endpoint.url,
        TAP_GLUE_METADATA_AWS_REGIONS='["us-east-1"]',
        TARGET_JSONL_DESTINATION_PATH=str(tmp_path),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    # The level of Meltano is that of the tap, as README says.
    assert "glue:GetTables in us-east-1: status 200" in run.stdout + run.stderr
    landed = {
        path.stem: [json.loads(line) for line in path.read_text().splitlines()]
        for path in tmp_path.glob("*.jsonl")
    }
    assert {stream: len(records) for stream, records in landed.items()} == {
        "catalogs": 4,
        "columns": 10,
        "databases": 4,
        "extractions": 14,
        "jobs": 1,
        "tables": 7,
        "workflows": 1,
    }
    assert (ROOT / "meltano.yml").read_bytes() == definition


def test_incremental_columns_beside_full_tables(
    system_directory: Path, endpoint: FakeAws, tmp_path: Path
) -> None:
    sample.fill(endpoint)
    choice = {"columns": {"replication-method": "INCREMENTAL"}}
    landed = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        _meltano(
            f"run --state-id-suffix {tmp_path.name} tap-glue-metadata target-jsonl",
            system_directory,
            TAP_GLUE_METADATA__METADATA=json.dumps(choice),
            TAP_GLUE_METADATA_AWS_ENDPOINT_URL=endpoint.url,
            TAP_GLUE_METADATA_AWS_REGIONS='["us-east-1"]',
            TARGET_JSONL_DESTINATION_PATH=str(tmp_path / run),
        )
        landed.append(
            {
                path.stem: len(path.read_text().splitlines())
                for path in (tmp_path / run).glob("*.jsonl")
            }
        )
        for store in endpoint.stores.values():
            for table in (table for tables in store.tables.values() for table in tables):
                if table["Name"] != "orders":
                    table["UpdateTime"] = 1_600_000_000.0  # before the bookmark of the first run
    first, second = landed
    assert (first["tables"], first["columns"]) == (7, 10)
    assert second["tables"] == 7
    assert 0 < second["columns"] < 10


def test_a_boolean_reaches_the_tap_as_it_is_written(tmp_path: Path) -> None:
    # Meltano would read it as false, and what is switched off silently by it is redaction.
    for value in ("ture", ""):
        variable = {"TAP_GLUE_METADATA_REDACT_SECRETS": value}
        printed = _meltano("config print tap-glue-metadata", tmp_path, **variable)
        assert json.loads(printed)["redact_secrets"] == value


@pytest.mark.parametrize("level", ["info", "debug"])
def test_keys_that_sts_sends_reach_no_log(
    system_directory: Path, endpoint: FakeAws, tmp_path: Path, level: str
) -> None:
    keys = "<AccessKeyId>sesame</AccessKeyId><SecretAccessKey>sesame</SecretAccessKey>"
    answer = f"<AssumeRoleResponse><Credentials>{keys}"  # cut off
    endpoint.respond("AssumeRole", answer.encode(), content_type="text/xml")
    run = _run_meltano(
        f"--log-level={level} run tap-glue-metadata target-jsonl",
        system_directory,
        LOGLEVEL=level.upper(),
        TAP_GLUE_METADATA_AWS_ASSUME_ROLE_ARN="arn:aws:iam::123456789012:role/reader",
        TAP_GLUE_METADATA_AWS_ENDPOINT_URL=endpoint.url,
        TAP_GLUE_METADATA_AWS_REGIONS='["us-east-1"]',
        TARGET_JSONL_DESTINATION_PATH=str(tmp_path),
    )
    assert run.returncode != 0
    told = run.stdout + run.stderr
    assert endpoint.count("AssumeRole")
    assert "Setting 'aws_assume_role_arn'" in told
    assert "sesame" not in told


def test_job_and_daily_schedule(system_directory: Path) -> None:
    schedules = json.loads(_meltano("schedule list --format json", system_directory))
    job = schedules["schedules"]["job"][0]
    assert job["name"] == "daily-glue-metadata"
    assert job["cron_interval"] == "0 0 * * *"
    assert job["job"]["tasks"] == ["tap-glue-metadata target-jsonl"]
