"""The image and its CronJob, held to the settings; no builder is needed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tap_glue_metadata.config_schema import SETTINGS
from tap_glue_metadata.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).parent.parent
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
LINES: Final = [
    line.split(maxsplit=1) for line in re.findall(r"^[A-Z].*", DOCKERFILE, re.MULTILINE)
]
MELTANO: Final = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
SETTINGS_OF_TAP: Final = SETTINGS.to_dict()["properties"]
TAP: Final = "TAP_GLUE_METADATA_"
TARGET: Final = "TARGET_POSTGRES_"

_, CONFIG_MAP, CRON_JOB = yaml.safe_load_all(
    (ROOT / "examples" / "kubernetes" / "cronjob.yaml").read_text(encoding="utf-8")
)
POD: Final = CRON_JOB["spec"]["jobTemplate"]["spec"]["template"]["spec"]
[CONTAINER] = POD["containers"]
ENV: Final = {variable["name"]: variable for variable in CONTAINER["env"]}


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} (.*)", DOCKERFILE, re.MULTILINE)


def image_env() -> Mapping[str, str]:
    [text] = instructions("ENV")
    return dict(pair.split("=", 1) for pair in text.split())


def plugin(kind: str, name: str) -> Any:
    [found] = [each for each in MELTANO["plugins"][kind] if each["name"] == name]
    return found


def given(prefix: str) -> dict[str, Any]:
    """Return the settings that the CronJob gives, as variables, by their names."""
    return {
        name.removeprefix(prefix).lower(): variable
        for name, variable in ENV.items()
        if name.startswith(prefix)
    }


def test_variables_are_settings_of_the_tap() -> None:
    assert given(TAP).keys() <= SETTINGS_OF_TAP.keys()


def test_variables_are_settings_of_the_target() -> None:
    known = {setting["name"] for setting in plugin("loaders", "target-postgres")["settings"]}
    assert given(TARGET).keys() <= known


def test_there_are_no_other_variables_than_those_of_meltano() -> None:
    others = {name for name in ENV if not name.startswith((TAP, TARGET))}
    assert others == {"MELTANO_STATE_BACKEND_URI"}


def test_the_tap_takes_the_values() -> None:
    values: dict[str, Any] = {}
    for name, variable in given(TAP).items():
        if source := variable.get("valueFrom"):
            key = source["configMapKeyRef"]
            assert key["name"] == CONFIG_MAP["metadata"]["name"]
            text = CONFIG_MAP["data"][key["key"]]
        else:
            text = variable["value"]
        is_text = "string" in SETTINGS_OF_TAP[name]["type"]
        values[name] = text if is_text else json.loads(text)
    settings = Settings.from_config(values)
    assert [len(account.regions) for account in settings.aws_accounts] == [2, 2]


def test_no_secret_stands_in_the_manifest() -> None:
    secrets = {f"{TAP}{name.upper()}" for name, s in SETTINGS_OF_TAP.items() if s.get("secret")}
    secrets |= {
        f"{TARGET}{setting['name'].upper()}"
        for setting in plugin("loaders", "target-postgres")["settings"]
        if setting.get("sensitive")
    }
    assert f"{TARGET}PASSWORD" in secrets & ENV.keys()
    for name in secrets & ENV.keys():
        assert "secretKeyRef" in ENV[name]["valueFrom"]
        assert "value" not in ENV[name]
    assert not secrets & image_env().keys()


def test_the_pod_is_unprivileged() -> None:
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert POD["automountServiceAccountToken"] is False
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_image_and_pod_have_the_same_user() -> None:
    [user] = instructions("USER")
    context = POD["securityContext"]
    assert user == f"{context['runAsUser']}:{context['runAsGroup']}"
    assert context["runAsUser"] > 0


def test_what_is_written_to_is_a_volume() -> None:
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    volumes = [volume["name"] for volume in POD["volumes"] if "emptyDir" in volume]
    [path] = [mounts[name] for name in volumes]
    for name in ("HOME", "MELTANO_SYS_DIR_ROOT"):
        assert Path(image_env()[name]).is_relative_to(path)


def test_runs_of_one_state_do_not_overlap() -> None:
    assert CRON_JOB["spec"]["concurrencyPolicy"] == "Forbid"
    assert POD["restartPolicy"] == "Never"


def test_the_image_runs_what_it_installs() -> None:
    [command] = map(json.loads, instructions("CMD"))
    [installed] = re.findall(r"meltano install (.*?) *&&", DOCKERFILE)
    assert installed.split() == command[2:]
    for kind, name in zip(("extractors", "loaders"), command[2:], strict=True):
        assert plugin(kind, name)


def test_the_meltano_of_the_image_is_one_that_the_project_takes() -> None:
    [version] = re.findall(r"meltano\[s3\]==([\d.]+)", DOCKERFILE)
    assert version in SpecifierSet(MELTANO["requires_meltano"])


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "meltano.yml", "README.md"])
def test_what_the_build_needs_is_in_its_context(name: str) -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert f"!{name}" in lines
    assert "!tap_glue_metadata" in lines
    assert (ROOT / name).exists()
