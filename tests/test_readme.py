"""README's commands, taken literally by a user who starts with nothing but a clone's address."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import sample
import yaml

if TYPE_CHECKING:
    from fake_aws import FakeAws

ROOT: Final = Path(__file__).parent.parent
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS: Final = "ADDRESS_OF_THIS_REPOSITORY"
LANDED: Final = {
    "catalogs": 4,
    "columns": 10,
    "databases": 4,
    "extractions": 14,
    "jobs": 1,
    "tables": 7,
    "workflows": 1,
}


def commands(heading: str) -> str:
    """Return the shell commands of a section."""
    section = re.search(rf"^## {heading}$(.*?)^## ", README, re.DOTALL | re.MULTILINE)
    assert section, heading
    blocks: list[str] = re.findall(r"^```sh\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE)
    return "".join(blocks)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Put this checkout as it is, committed or not, into a repository that can be cloned."""
    folder = tmp_path_factory.mktemp("readme") / "repository"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "output", "__pycache__"))
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "--message=All"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def shell(repository: Path, endpoint: FakeAws, tmp_path: Path) -> Any:
    """Run a script in which the address of the repository is known, and AWS is the fake one."""
    sample.fill(endpoint)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AWS_ENDPOINT_URL_GLUE": endpoint.url,
        "AWS_ENDPOINT_URL_STS": endpoint.url,
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "NO_COLOR": "1",
    }

    def run(script: str, folder: Path = tmp_path) -> str:
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, str(repository))],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def landed(folder: Path) -> dict[str, dict[str, int]]:
    """Count the records of each stream, by the time in the names of the files."""
    counts: dict[str, dict[str, int]] = {}
    for path in folder.glob("*.jsonl"):
        stream, _, time = path.stem.rpartition("-")
        counts.setdefault(time, {})[stream] = len(path.read_text(encoding="utf-8").splitlines())
    return dict(sorted(counts.items()))


def test_quick_start_with_meltano(shell: Any, endpoint: FakeAws, tmp_path: Path) -> None:
    output = shell(commands("Quick start with Meltano"))
    assert re.search(r"^ok +glue:BatchGetWorkflows", output, re.MULTILINE)
    assert re.search(r"^output/tables-\d{8}T\d{6}\.jsonl$", output, re.MULTILINE)

    # The run and the scheduled run are apart, and each is whole.
    project = tmp_path / "my-project"
    assert list(landed(project / "output").values()) == [LANDED, LANDED]

    definition = yaml.safe_load((project / "meltano.yml").read_text(encoding="utf-8"))
    [tap] = definition["plugins"]["extractors"]
    plugin = yaml.safe_load((ROOT / "plugin.yaml").read_text(encoding="utf-8"))
    assert [setting["name"] for setting in tap["settings"]] == [
        setting["name"] for setting in plugin["settings"]
    ]
    assert (tap["capabilities"], tap["commands"]) == (plugin["capabilities"], plugin["commands"])
    assert tap["select"] == ["tables.*", "columns.*"]
    assert definition["schedules"] == [
        {"name": "daily-glue-metadata", "interval": "@daily", "job": "glue-metadata"}
    ]

    policy = json.loads(shell("meltano invoke tap-glue-metadata:iam-policy", project))
    assert policy["Statement"]

    # An update brings the definition again, and keeps the configuration.
    [add] = re.findall("meltano add tap-.*", README)
    shell(add, project)
    assert yaml.safe_load((project / "meltano.yml").read_text(encoding="utf-8")) == definition

    # Secrets are known settings: they go to .env, and are used.
    endpoint.know("KEY_ID", "", account_id="999999999999")
    secrets = "\n".join(re.findall("meltano config set --store=dotenv .*", README))
    assert "SECRET_KEY" in secrets
    checks = shell(f"{secrets}\nmeltano invoke tap-glue-metadata:preflight", project)
    assert "999999999999" in checks
    assert "SECRET_KEY" in (project / ".env").read_text(encoding="utf-8")
    assert "SECRET_KEY" not in (project / "meltano.yml").read_text(encoding="utf-8")


def test_without_meltano(shell: Any, tmp_path: Path) -> None:
    shell(commands("Without Meltano"))
    assert list(landed(tmp_path / "output").values()) == [LANDED]
    streams = json.loads((tmp_path / "catalog.json").read_text(encoding="utf-8"))["streams"]
    assert LANDED.keys() <= {stream["tap_stream_id"] for stream in streams}


def test_links_work_outside_of_the_repository() -> None:
    headings = re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    anchors = {"#" + re.sub(r"[^\w -]", "", name).lower().replace(" ", "-") for name in headings}
    for target in re.findall(r"\]\((.*?)\)", README):
        assert target in anchors or target.startswith("https://")


def test_files_that_are_named_exist() -> None:
    named = re.findall(r"`((?:docs|tests|bench|demo|scripts)/[\w/.-]+)`", README)
    assert named
    for name in named:
        assert (ROOT / name).exists(), name
