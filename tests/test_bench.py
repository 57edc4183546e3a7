"""The benchmark runs, counts what was read, and takes no run for good that read less."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))

from bench.contests import Contest, Program, Target  # noqa: E402 - found by the path above
from bench.processes import BenchError, Catalog  # noqa: E402 - likewise


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def contest(script: str) -> Contest:
    program = Program("program", [sys.executable, "-c", script])
    return Contest(
        "x", "title", [program], [Target("program", 1, "peak")], Catalog(databases=2, tables=3)
    )


@pytest.mark.parametrize(
    ("case", "title", "target", "limit"),
    [
        ("a", "10 databases x 1,000 tables x 50 columns", "tap / paginator loop", "1.00"),
        ("j", "2,000 tables: 10 partitions each", "tap / pool of threads", "1.10"),
    ],
)
def test_a_case_is_printed_and_written(
    case: str, title: str, target: str, limit: str, tmp_path: Path
) -> None:
    document = tmp_path / "benchmarks.md"
    run = bench(f"--cases={case}", "--pairs=1", "--scale=0.005", f"--write={document}")
    assert run.returncode == 0, run.stderr
    for text in (run.stdout, document.read_text(encoding="utf-8")):
        assert f"({case}) {title}" in text
        assert f"time of {target}" in text
        assert f"at most {limit}" in text


def test_unknown_cases_are_refused() -> None:
    run = bench("--cases=a,z")
    assert run.returncode == 2
    assert "no case z" in run.stderr


def test_a_run_that_read_everything_counts(tmp_path: Path) -> None:
    section = contest('print(\'{"databases": 2, "tables": 6}\')').run(tmp_path, 2, 1, print)
    assert [row[0] for row in section.rows] == ["program"]
    assert not section.verdicts[0].is_met


@pytest.mark.parametrize(
    "script", ["print('{\"tables\": 5}')", "", "raise SystemExit(3)"], ids=["less", "none", "fails"]
)
def test_a_run_that_read_less_does_not_count(script: str, tmp_path: Path) -> None:
    with pytest.raises(BenchError):
        contest(script).run(tmp_path, 1, 1, print)
