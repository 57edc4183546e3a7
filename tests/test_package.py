"""The source distribution is complete, and what is installed for development is pinned."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from email import message_from_string
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
BIN: Final = Path(sys.executable).parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution, and unpack it."""
    folder = tmp_path_factory.mktemp("package")
    build = [str(BIN / "uv"), "build", "--quiet", "--sdist", f"--out-dir={folder}", str(ROOT)]
    subprocess.run(build, check=True, timeout=300)
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.mark.parametrize(
    "arguments",
    [["--collect-only"], ["tests/test_docs.py", "tests/test_catalog.py", "tests/test_schemas.py"]],
    ids=["all are found", "some are run"],
)
def test_its_tests_work_from_it(unpacked: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [BIN / "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=unpacked,
        env=os.environ | {"PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_has_what_meltano_and_make_need(unpacked: Path) -> None:
    needed = ["meltano.yml", "plugin.yaml", "target-jsonl.yaml", "constraints.txt", "Makefile"]
    needed += ["CHANGELOG.md", "CONTRIBUTING.md"]
    assert [name for name in needed if not (unpacked / name).is_file()] == []


def test_its_metadata(unpacked: Path) -> None:
    metadata = message_from_string((unpacked / "PKG-INFO").read_text(encoding="utf-8"))
    assert metadata["Name"] == "tap-glue-metadata"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    kinds = {classifier.split(" :: ")[0] for classifier in metadata.get_all("Classifier", [])}
    assert kinds >= {"Development Status", "Intended Audience", "Topic", "Typing"}


def test_every_constraint_has_hashes_and_no_address() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    pins = re.findall(
        r"^\S+==\S+(?: ; .*?)?((?: \\\n +--hash=sha256:[0-9a-f]{64})*)$", text, re.MULTILINE
    )
    assert len(pins) == len(re.findall(r"^\S", text, re.MULTILINE))
    assert all(pins)


def test_actions_are_pinned_by_commit() -> None:
    workflows = list((ROOT / ".github" / "workflows").glob("*.yml"))
    assert workflows
    for path in workflows:
        for action in re.findall(r"uses: (.*)", path.read_text(encoding="utf-8")):
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", action)
