"""What repeats the settings and the streams says what the code says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import generate_docs as docs
import pytest
import yaml
from botocore import xform_name

from tap_glue_metadata.streams import STREAM_TYPES

ROOT = Path(__file__).parent.parent
TAP = Path(sys.executable).parent / "tap-glue-metadata"


@pytest.fixture(scope="module")
def about() -> dict[str, Any]:
    run = subprocess.run(
        [TAP, "--about", "--format", "json"], capture_output=True, timeout=60, check=True
    )
    shown: dict[str, Any] = json.loads(run.stdout)
    return shown


@pytest.mark.parametrize("path", docs.generated(), ids=lambda path: path.name)
def test_generated_files_are_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == docs.generated()[path], "run `make docs`"


@pytest.mark.parametrize("name", ["meltano.yml", "plugin.yaml"])
def test_definitions_match_about(name: str, about: dict[str, Any]) -> None:
    definition = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    if name == "meltano.yml":
        definition = definition["plugins"]["extractors"][0]
    assert sorted(definition["capabilities"]) == sorted(about["capabilities"])
    settings = {setting["name"]: setting for setting in definition["settings"]}
    properties = about["settings"]["properties"]
    assert list(settings) == list(properties)
    assert settings["start_date"]["kind"] == "date_iso8601"
    assert settings["concurrency"]["kind"] == "integer"
    for setting, schema in properties.items():
        assert settings[setting].get("value") == schema.get("default")
        assert settings[setting].get("sensitive", False) == schema.get("secret", False)


def test_every_setting_is_explained(about: dict[str, Any]) -> None:
    for name, schema in about["settings"]["properties"].items():
        assert schema["title"], name
        assert schema["description"], name


def test_secrets_have_no_default_and_are_flagged(about: dict[str, Any]) -> None:
    for name, schema in about["settings"]["properties"].items():
        words = ("key_id", "secret", "token", "external_id")
        is_secret = any(word in name for word in words)
        if is_secret and not name.startswith("redact_") and not name.endswith("_file"):
            assert schema["secret"], name
            assert "default" not in schema, name


def test_readme_names_no_setting_or_stream_that_does_not_exist(about: dict[str, Any]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = about["settings"]["properties"].keys()
    for word in text.replace("`", " ").split():
        if word.startswith("aws_") and word.strip(".,:;)").isidentifier():
            assert word.strip(".,:;)") in names


def test_readme_names_what_keeps_the_casing_of_aws() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    members = [member for stream in STREAM_TYPES for member in stream.open_members]
    assert members
    for member in members:
        assert f"`{'.'.join(map(xform_name, member.split('.')))}`" in text


def test_meltano_selects_everything() -> None:
    definition = yaml.safe_load((ROOT / "plugin.yaml").read_text(encoding="utf-8"))
    assert definition["select"] == ["*.*"]
    assert definition["commands"].keys() == {"preflight", "iam-policy"}


def test_each_security_promise_has_tests() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.*) \| (`tests/.*`) \|$", text, re.MULTILINE)
    assert len(rows) == text.count("\n|") - 2  # all but the heading and the line below it
    for promise, tests in rows:
        for name in tests.split(", "):
            test = (ROOT / name.strip("`")).read_text(encoding="utf-8")
            assert "def test_" in test, promise
