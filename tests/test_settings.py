"""The typed settings, and the schema that declares them to users."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from conftest import ACCOUNT, OTHER

from tap_glue_metadata.aws.errors import SettingError
from tap_glue_metadata.config_schema import SETTINGS
from tap_glue_metadata.settings import Role, Settings, VaultSettings

ROLE, HUB = (f"arn:aws:iam::{account}:role/reader" for account in (OTHER, ACCOUNT))
PROPERTIES: dict[str, Any] = SETTINGS.to_dict()["properties"]
# These are part of the accounts that they lead to.
ROLES = {"aws_assume_role_arn", "aws_assume_role_external_id", "aws_assume_role_chain"}


def test_every_setting_is_declared_and_read() -> None:
    vault = {f"vault_{field.name}" for field in fields(VaultSettings)}
    own = {field.name for field in fields(Settings)} - {"vault"}
    assert own | vault | ROLES == PROPERTIES.keys()


def test_defaults_are_those_of_the_schema() -> None:
    declared = {
        name: schema["default"] for name, schema in PROPERTIES.items() if "default" in schema
    }
    settings = Settings.from_config({})
    assert declared
    assert {name: getattr(settings, name) for name in declared} == declared


@pytest.mark.parametrize("name", sorted(PROPERTIES.keys() - ROLES))
@pytest.mark.parametrize("nothing", [None, "", " "])
def test_null_and_empty_text_are_not_set(name: str, nothing: str | None) -> None:
    assert Settings.from_config({name: nothing}) == Settings()


def test_secrets_are_not_shown() -> None:
    secrets = {
        name: f"sesame-{name}" for name, schema in PROPERTIES.items() if schema.get("secret")
    }
    entry = {"role_arn": ROLE, "external_id": "sesame"}
    chain = [{"role_arn": HUB, "external_id": "sesame"}]
    config = {**secrets, "aws_accounts": [entry], "aws_assume_role_chain": chain}
    settings = Settings.from_config(config)
    assert settings.aws_accounts[0].roles[-1].external_id == "sesame"
    assert "sesame" not in repr(settings)


def test_white_space_around_a_text_is_left_out() -> None:
    settings = Settings.from_config({"aws_profile": "\treader\n", "vault_namespace": " reader"})
    assert settings.aws_profile == settings.vault.namespace == "reader"


def test_whole_numbers_of_json() -> None:
    concurrency = Settings.from_config({"concurrency": 8.0}).concurrency
    assert (concurrency, type(concurrency)) == (8, int)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redact_secrets", "no"),
        ("redact_secrets", 0),
        ("concurrency", 8.5),
        ("aws_regions", "us-east-1"),
        ("vault_token", ["sesame"]),
    ],
)
def test_a_wrong_type_names_the_setting_and_not_the_value(name: str, value: Any) -> None:
    with pytest.raises(SettingError, match=f"^Setting '{name}': Expected `") as caught:
        Settings.from_config({name: value})
    assert "sesame" not in str(caught.value)


def test_accounts_have_what_they_do_not_say_from_the_common_settings() -> None:
    settings = Settings.from_config(
        {
            "aws_assume_role_arn": HUB,
            "aws_assume_role_external_id": "partner",
            "aws_accounts": [
                {"role_arn": ROLE, "external_id": " ", "regions": [], "catalog_ids": None},
                {"role_arn": f"{ROLE}-2", "regions": ["cn-north-1"], "catalog_ids": [OTHER]},
            ],
            "aws_regions": ["us-east-1"],
            "catalog_ids": [ACCOUNT],
        }
    )
    first, second = settings.aws_accounts
    assert first.name == f"aws_accounts[0] ({ROLE})"
    assert first.roles == (
        Role(HUB, "partner", "aws_assume_role_arn", "aws", ACCOUNT),
        Role(ROLE, None, "aws_accounts[0]", "aws", OTHER),
    )
    assert (first.regions, first.catalog_ids) == (("us-east-1",), (ACCOUNT,))
    assert (second.regions, second.catalog_ids) == (("cn-north-1",), (OTHER,))


@pytest.mark.parametrize("arn", ["reader", "arn:aws:iam", f"arn:aws:iam::{OTHER}:user/reader"])
@pytest.mark.parametrize(
    ("name", "is_list"),
    [("aws_assume_role_arn", False), ("aws_assume_role_chain", True), ("aws_accounts", True)],
)
def test_what_is_not_the_arn_of_a_role(name: str, is_list: bool, arn: str) -> None:  # noqa: FBT001 - pytest passes by name
    value = [{"role_arn": arn}] if is_list else arn
    with pytest.raises(SettingError, match=f"^Setting '{name}.*'{arn}' is not the ARN of a role"):
        Settings.from_config({name: value})
