"""`--iam-policy`: the least that lets the selected streams be read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import sample
from conftest import ACCOUNT, OTHER, catalog_of, sync

from tap_glue_metadata.aws.errors import SettingError
from tap_glue_metadata.streams import STREAM_TYPES
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Json
    from fake_aws import Call, FakeAws

NAMES = [stream.name for stream in STREAM_TYPES]
README = Path(__file__).parent.parent / "README.md"
ROLE = f"arn:aws:iam::{OTHER}:role/reader"
# What AWS checks beside the operation itself (service authorization reference of AWS Glue: its
# dependent actions); no run calls it.
DEPENDENT = {"BatchGetWorkflows": {"GetWorkflow"}}

Policy: TypeAlias = "Callable[..., Json]"


@pytest.fixture
def no_console(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the SDK from adding a handler to this process's log at each command."""
    monkeypatch.setattr("singer_sdk.plugin_base._setup_console_logging", lambda **_: None)


@pytest.fixture
def policy(
    tmp_path: Path,
    no_console: None,  # noqa: ARG001 - for what it does
    capsys: pytest.CaptureFixture[str],
) -> Policy:
    """Run the command in this process, for the streams named or those of the default."""

    def policy(*streams: str, **settings: Any) -> Json:
        config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
        config.write_text(json.dumps(settings), encoding="utf-8")
        arguments = ["--iam-policy", "--config", str(config)]
        if streams:
            catalog.write_text(json.dumps(catalog_of(*streams)), encoding="utf-8")
            arguments += ["--catalog", str(catalog)]
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            TapGlueMetadata.cli(arguments)
        assert end.value.code == 0
        document: Json = json.loads(capsys.readouterr().out)
        return document

    return policy


def actions(document: Json) -> set[str]:
    """Return the operations that a policy allows."""
    found = [action for statement in document["Statement"] for action in statement["Action"]]
    assert len(found) == len(set(found))
    return {action.removeprefix("glue:") for action in found}


def resources(document: Json, operation: str) -> list[str]:
    """Return the resources on which a policy allows an operation."""
    (statement,) = (s for s in document["Statement"] if f"glue:{operation}" in s["Action"])
    found: str | list[str] = statement["Resource"]
    return [found] if isinstance(found, str) else found


def allows(document: Json, operation: str, arn: str) -> bool:
    """Tell whether IAM would, which knows `*` and `?`, and upper from lower case."""
    patterns = (re.escape(pattern) for pattern in resources(document, operation))
    wanted = [pattern.replace(r"\*", ".*").replace(r"\?", ".") for pattern in patterns]
    return any(re.fullmatch(pattern, arn) for pattern in wanted)


def checked(call: Call) -> Iterator[str]:
    """Return the ARNs that AWS checks for a call: the object's, and those of all above it."""
    account, _, path = call.params.get("CatalogId", call.account_id).partition(":")
    root = f"arn:aws:glue:{call.region}:{account}"
    above = f"{path}/" if path else ""
    if call.operation == "BatchGetWorkflows":
        yield from (f"{root}:workflow/{name}" for name in call.params["Names"])
    elif call.operation in {"GetCatalogs", "GetDatabases", "GetTables"}:
        yield f"{root}:catalog"
        steps = path.split("/") if path else []
        yield from (f"{root}:catalog/{'/'.join(steps[: count + 1])}" for count in range(len(steps)))
        if call.operation == "GetDatabases":
            yield f"{root}:database/{above}any"
        if database := call.params.get("DatabaseName"):
            yield f"{root}:database/{above}{database}"
            yield f"{root}:table/{above}{database}/any"
    else:
        yield "*"


# Actions


@pytest.mark.parametrize("streams", [*([name] for name in NAMES), []], ids=str)
def test_the_actions_are_those_that_a_run_sends(
    endpoint: FakeAws, settings: Json, policy: Policy, streams: list[str]
) -> None:
    sample.fill(endpoint)
    sync(settings, *streams)
    sent = {call.operation for call in endpoint.calls if call.service == "glue"}
    dependent = {name for operation in sent for name in DEPENDENT.get(operation, ())}
    second = {again.read.operation for stream in STREAM_TYPES for again in stream.again}
    assert sent <= actions(policy(*streams, **settings)) <= sent | dependent | second


def test_the_actions_that_aws_checks_besides(policy: Policy) -> None:
    document = policy("workflows", aws_account_id=ACCOUNT)
    assert actions(document) == {"ListWorkflows", "BatchGetWorkflows", "GetWorkflow"}
    assert resources(document, "GetWorkflow") == resources(document, "BatchGetWorkflows")


def test_pinned_catalogs_are_not_listed(endpoint: FakeAws, settings: Json, policy: Policy) -> None:
    sample.fill(endpoint)
    pins = settings | {"catalog_ids": [sample.BUCKET]}
    sync(pins, "tables")
    sent = {call.operation for call in endpoint.calls if call.service == "glue"}
    assert sent == {"GetDatabases", "GetTables"}
    assert actions(policy("tables", **pins)) == {*sent, "GetTable"}  # for links to tables


def test_pins_of_one_account_leave_the_others_catalogs_to_be_listed(policy: Policy) -> None:
    accounts = [{"role_arn": ROLE, "catalog_ids": [OTHER]}, {"role_arn": f"{ROLE}-2"}]
    assert "GetCatalogs" in actions(policy("tables", aws_accounts=accounts))
    assert "GetCatalogs" not in actions(policy("tables", aws_accounts=accounts[:1]))


def test_the_stream_of_catalogs_lists_them_even_if_pinned(policy: Policy) -> None:
    assert "GetCatalogs" in actions(policy("catalogs", "tables", catalog_ids=[ACCOUNT]))


def test_the_document_is_one_that_iam_takes(policy: Policy) -> None:
    document = policy(aws_regions=["us-east-1", "eu-west-1"], include_databases=["sales*", "hr"])
    assert document["Version"] == "2012-10-17"
    assert document.keys() == {"Version", "Statement"}
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(set(sids)) == len(sids)
    for statement in document["Statement"]:
        assert statement.keys() == {"Sid", "Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        assert re.fullmatch("[A-Za-z0-9]+", statement["Sid"])
        assert statement["Action"]
        assert all(
            re.fullmatch("glue:(BatchGet|Get|List)[A-Za-z]+", a) for a in statement["Action"]
        )
        assert statement["Resource"]


# Resources


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aws_account_id": ACCOUNT},
        {"aws_account_id": ACCOUNT, "catalog_ids": [ACCOUNT, sample.BUCKET]},
        {"aws_account_id": ACCOUNT, "include_databases": ["sales", "lake"]},
        {"aws_account_id": ACCOUNT, "include_databases": ["SALES", "l[a-z]ke"]},
        {"aws_account_id": ACCOUNT, "include_databases": ["sales", "s?les", "la*"]},
    ],
    ids=str,
)
def test_what_aws_checks_for_a_run_is_allowed(
    endpoint: FakeAws, settings: Json, policy: Policy, changes: Json
) -> None:
    sample.fill(endpoint)
    store = endpoint.store()
    store.databases.clear()
    store.add_database("sales")
    store.add_database("lake", catalog_id=sample.BUCKET)
    sync(settings | changes)
    assert endpoint.count("GetTables")
    document = policy(**settings, **changes)
    refused = {
        (call.operation, arn)
        for call in endpoint.calls
        if call.service == "glue"
        for arn in checked(call)
        if not allows(document, call.operation, arn)
    }
    assert not refused


@pytest.mark.parametrize(
    "changes", [{"catalog_ids": [OTHER]}, {"resource_share_type": "FOREIGN"}], ids=str
)
def test_a_catalog_of_another_account(
    endpoint: FakeAws, settings: Json, policy: Policy, changes: Json
) -> None:
    store = endpoint.store()
    store.add_database("shared", CatalogId=OTHER)  # as ResourceShareType lists it
    store.add_database("shared", catalog_id=OTHER)
    config = settings | changes | {"aws_account_id": ACCOUNT}
    sync(config, "tables")
    document = policy("tables", **config)
    assert endpoint.params("GetTables")[-1]["CatalogId"] == OTHER
    for call in endpoint.calls:
        assert not [arn for arn in checked(call) if not allows(document, call.operation, arn)]


def test_no_more_than_the_databases_of_the_settings(policy: Policy) -> None:
    document = policy(aws_account_id=ACCOUNT, include_databases=["sales", "hr_*"])
    root = f"arn:aws:glue:us-east-1:{ACCOUNT}"
    for name in ("sales", "hr_eu"):
        assert allows(document, "GetTables", f"{root}:database/{name}")
        assert allows(document, "GetTables", f"{root}:table/{name}/orders")
    for name in ("finance", "sales_eu", "hr"):
        assert not allows(document, "GetTables", f"{root}:database/{name}")
        assert not allows(document, "GetTables", f"{root}:table/{name}/orders")
    # To list databases takes the right to all of them.
    assert allows(document, "GetDatabases", f"{root}:database/finance")


@pytest.mark.parametrize(
    ("settings", "places"),
    [
        ({}, {("aws", "*", "*")}),
        ({"aws_account_id": ACCOUNT}, {("aws", "*", ACCOUNT)}),
        (
            {"aws_regions": ["us-east-1", "eu-west-1"]},
            {("aws", "us-east-1", "*"), ("aws", "eu-west-1", "*")},
        ),
        ({"aws_regions": ["all"], "aws_account_id": ACCOUNT}, {("aws", "*", ACCOUNT)}),
        (
            {"aws_assume_role_arn": ROLE, "aws_account_id": ACCOUNT, "aws_regions": ["us-east-1"]},
            {("aws", "us-east-1", OTHER)},
        ),
        (
            {
                "aws_assume_role_arn": ROLE,
                "aws_assume_role_chain": [{"role_arn": f"arn:aws:iam::{ACCOUNT}:role/last"}],
            },
            {("aws", "*", ACCOUNT)},
        ),
        (
            {
                "aws_accounts": [
                    {"role_arn": ROLE, "regions": ["eu-west-1"]},
                    {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/path/to/reader"},
                ],
                "aws_assume_role_arn": "arn:aws:iam::333333333333:role/hub",
                "aws_regions": ["us-east-1"],
            },
            {("aws", "eu-west-1", OTHER), ("aws", "us-east-1", ACCOUNT)},
        ),
        ({"aws_regions": ["cn-north-1"]}, {("aws-cn", "cn-north-1", "*")}),
        ({"aws_regions": ["us-gov-west-1"]}, {("aws-us-gov", "us-gov-west-1", "*")}),
        (
            {"aws_assume_role_arn": f"arn:aws-cn:iam::{OTHER}:role/reader"},
            {("aws-cn", "*", OTHER)},
        ),
        (
            {"aws_accounts": [{"role_arn": f"arn:aws-us-gov:iam::{OTHER}:role/reader"}]},
            {("aws-us-gov", "*", OTHER)},
        ),
    ],
)
def test_accounts_and_regions(
    policy: Policy, settings: Json, places: set[tuple[str, str, str]]
) -> None:
    document = policy(**settings)
    for operation in ("GetCatalogs", "GetDatabases", "GetTables", "BatchGetWorkflows"):
        found = {tuple(arn.split(":")[1:5]) for arn in resources(document, operation)}
        assert found == {(partition, "glue", *place) for partition, *place in places}, operation
    for operation in ("GetJobs", "ListWorkflows"):  # AWS gives these for all resources only
        assert resources(document, operation) == ["*"]


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_partition_is_that_of_the_region_of_the_chain(
    policy: Policy, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "cn-north-1")
    for settings in ({}, {"aws_regions": ["all"]}):
        document = policy("tables", **settings)
        assert {arn.split(":")[1] for arn in resources(document, "GetTables")} == {"aws-cn"}


def test_no_arn_stands_twice(policy: Policy) -> None:
    document = policy(
        aws_accounts=[{"role_arn": ROLE}, {"role_arn": f"{ROLE}-too"}],
        aws_regions=["us-east-1", "us-east-1"],
        include_databases=["sales", "Sales", "hr[a-c]", "hr[x-z]"],
    )
    for statement in document["Statement"]:
        if statement["Resource"] != "*":
            assert len(set(statement["Resource"])) == len(statement["Resource"])


# The command


def test_it_needs_no_aws(
    endpoint: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
    config = tmp_path / "config.json"
    secrets = {
        "aws_access_key_id": "sesame",
        "aws_secret_access_key": "sesame",
        "aws_accounts": [{"role_arn": ROLE, "external_id": "sesame"}],
        "aws_credentials_uri": "vault://secret/sesame",
    }
    command = [str(Path(sys.executable).with_name("tap-glue-metadata")), "--iam-policy"]
    for settings in ({}, secrets):
        config.write_text(json.dumps(settings), encoding="utf-8")
        done = subprocess.run(
            [*command, "--config", str(config)],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
            env=os.environ | {"LOGLEVEL": "DEBUG"},
        )
        assert done.returncode == 0, done.stderr
        assert actions(json.loads(done.stdout)) >= {"GetTables"}
        assert "Lake Formation" in done.stderr
        assert "DESCRIBE" in done.stderr
        assert "sesame" not in done.stdout + done.stderr
    assert not endpoint.calls


@pytest.mark.usefixtures("no_console")
def test_what_lies_behind_resource_links_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"aws_account_id": ACCOUNT}), encoding="utf-8")
    with pytest.raises(SystemExit):
        TapGlueMetadata.cli(["--iam-policy", "--config", str(config)])
    # The owner's ARNs are not known beforehand, and AWS checks them as well.
    assert "resource link" in capsys.readouterr().err


@pytest.mark.parametrize(
    "changes",
    [
        {"aws_assume_role_arn": "reader"},
        {"aws_assume_role_chain": [{"role_arn": "arn:aws:iam"}]},
        {"aws_accounts": [{"role_arn": "reader"}]},
        {"aws_regions": ["eu-west1"]},
    ],
    ids=str,
)
def test_settings_that_cannot_be_used(changes: Json) -> None:
    with pytest.raises(SettingError, match=f"^Setting '{next(iter(changes))}"):
        TapGlueMetadata(config=changes).iam_policy()


def test_a_region_of_an_emulators_own(policy: Policy, settings: Json) -> None:
    document = policy("jobs", "tables", **settings | {"aws_regions": ["local"]})
    assert "arn:aws:glue:local:*:catalog" in resources(document, "GetTables")


# README


def test_readme_has_the_actions_of_each_stream(policy: Policy) -> None:
    text = README.read_text(encoding="utf-8")
    table = text.partition("<!-- streams -->")[2].partition("<!-- /streams -->")[0]
    rows = re.findall(r"^\| `(\w+)` (.*)$", table, re.MULTILINE)
    told = {name: set(re.findall(r"\bglue:(\w+)", cells)) for name, cells in rows if name in NAMES}
    assert told == {name: actions(policy(name)) for name in NAMES}


def test_readme_has_the_actions_of_all_streams(policy: Policy) -> None:
    text = README.read_text(encoding="utf-8")
    block = text.partition("<!-- policy -->")[2].partition("<!-- /policy -->")[0]
    (document,) = re.findall("```json\n(.*?)```", block, re.DOTALL)
    told = json.loads(document)
    assert actions(told) == actions(policy(*NAMES))
    assert {statement["Effect"] for statement in told["Statement"]} == {"Allow"}
