"""The demo shows what it says, and leaves alone what is not its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
THEIRS: Final = {
    "output/tables.jsonl": "{}\n",
    ".env": "TAP_GLUE_METADATA_AWS_PROFILE=production\n",
    ".meltano/meltano.db": "state\n",
}


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".demo", ".venv-dbt", "__pycache__"} & set(path.parts)
    }


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy this checkout, and put into it what its user may have there."""
    folder = tmp_path_factory.mktemp("demo") / "checkout"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "output", "__pycache__"))
    (folder / ".venv-dbt").symlink_to(ROOT / ".venv-dbt")
    for name, content in THEIRS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_the_demo(checkout: Path) -> None:
    before = files(checkout)
    done = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": f"{checkout}:{checkout / 'tests'}"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert files(checkout) == before

    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines]
    assert ["shared_finance", "123456789012", "999999999999.finance"] in rows
    assert ["columns", "INCREMENTAL", "18", "6"] in rows
    assert ["databases", "FULL_TABLE", "4", "4"] in rows
    assert any("***REDACTED***" in line for line in lines)
    assert any("job copy-orders" in line for line in lines)
    assert any("glue:GetTables" in line and "AccessDeniedException" in line for line in lines)
    for change in ("coupon column added string", "amount type changed decimal(12,2) decimal(14,2)"):
        assert ["orders", *change.split()] in rows
    assert ["sales", "customers", "phones", "yes"] in rows  # has no description
    assert ["sales", "customers", "hadoop"] in rows  # nor an owner
    [page] = [line.split()[-1] for line in lines if line.endswith("index.html")]
    assert "dbt_glue_metadata" in (checkout / page).read_text(encoding="utf-8")
