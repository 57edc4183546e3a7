"""No key reaches a log: at any level, from any place, whatever the answers look like."""

from __future__ import annotations

import base64
import itertools
import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from conftest import OTHER, call, catalog_of, opened, sync
from fake_aws import Role
from fake_vault import FakeVault

from tap_glue_metadata.aws.errors import LostRoleError, TapError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Json, Run, RunTap
    from fake_aws import FakeAws

CANARY: Final = "xylophone"  # is in all that is secret here
KEY: Final = f"ASIA-{CANARY}"
ROLE: Final = f"arn:aws:iam::{OTHER}:role/reader"
LATER: Final = "2099-01-01T00:00:00Z"
ASSUMED: Final = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>{KEY}</AccessKeyId>
<SecretAccessKey>{CANARY}</SecretAccessKey><SessionToken>{CANARY}+/==</SessionToken>
<Expiration>{LATER}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
# Answers of STS that are none, each with the keys in it.
BROKEN: Final = {
    "cut": ASSUMED[: len(ASSUMED) - 60],
    "with text behind": f"{ASSUMED} {CANARY}",
    "without an expiration": ASSUMED.replace(f"<Expiration>{LATER}</Expiration>", ""),
    "with an odd expiration": ASSUMED.replace(LATER, CANARY),
    "of another kind": json.dumps({"SecretAccessKey": CANARY}),
    "of a proxy": f"<html><p>{CANARY}<br></html>",
    "without keys": f"<AssumeRoleResponse><a>{CANARY}</a></AssumeRoleResponse>",
}
HEADERS: Final = ("authorization:", "aws4-hmac-sha256", "signature=", "x-amz-security-token")
LEVELS: Final = ["DEBUG", "NOTSET", "INFO"]


def encoded(secret: str) -> Iterator[str]:
    """Give the shapes in which a secret may be told."""
    yield secret
    yield secret.encode().hex()
    for start in range(3):  # wherever it stands in a text, base64 has one of these within
        text = base64.b64encode(b"-" * start + secret.encode()).decode()
        yield text[start and start + 1 : len(text) // 4 * 4 - 4].lower()


FORMS: Final = (*encoded(CANARY), *HEADERS)


def check_silence(text: str) -> None:
    folded = text.lower()
    assert [form for form in FORMS if form in folded] == []


def check_one_line(run: Run) -> str:
    check_silence(run.stdout + run.stderr)
    assert run.code == 1
    assert "Traceback" not in run.stderr
    (line,) = run.logged("ERROR")
    return line


# Runs that go well


@pytest.fixture
def planted(endpoint: FakeAws) -> Json:
    """Plant canaries in keys, role and answers that are no good at first; return the settings."""
    endpoint.know(f"AKIA-{CANARY}", f"{CANARY}/+==")
    endpoint.know(KEY, f"{CANARY}+/==", OTHER)
    endpoint.respond("AssumeRole", ASSUMED.encode(), content_type="text/xml")
    endpoint.store(OTHER).add("GetJobs", {"Name": "load"})
    body = json.dumps({"__type": "InternalServiceException", "Message": CANARY}).encode()
    endpoint.respond("GetJobs", body, status=500, times=1)
    endpoint.respond("GetJobs", f"<html>{CANARY}".encode(), times=1)
    endpoint.drop("GetJobs")
    return {
        "aws_endpoint_url": endpoint.url,
        "aws_regions": ["us-east-1"],
        "aws_access_key_id": f" AKIA-{CANARY}\n",
        "aws_secret_access_key": f"{CANARY}\n",
        "aws_session_token": f"\t{CANARY}/+== ",
        "aws_assume_role_arn": ROLE,
        "aws_assume_role_external_id": f"{CANARY}:1",
    }


@pytest.mark.parametrize("level", LEVELS)
def test_calls_are_told_without_what_they_carry(
    endpoint: FakeAws, planted: Json, run_tap: RunTap, level: str
) -> None:
    run = run_tap(planted, catalog=catalog_of("jobs"), env={"LOGLEVEL": level})
    assert run.code == 0, run.stderr
    check_silence(run.stdout + run.stderr)
    assert endpoint.params("AssumeRole")[0]["ExternalId"] == f"{CANARY}:1"
    expected = ["glue:GetJobs in us-east-1: status 200, attempt 4, "] if level != "INFO" else []
    assert [text[:50] for text in run.logged("DEBUG") if "glue:" in text] == expected
    assert ("sts:AssumeRole in us-east-1: status 200" in run.stderr) == (level != "INFO")


def test_no_configuration_of_the_log_brings_secrets_back(
    planted: Json, run_tap: RunTap, tmp_path: Path
) -> None:
    loud = {"level": "DEBUG", "handlers": ["all"], "propagate": False}
    names = ("botocore", "botocore.auth", "botocore.parsers", "botocore.endpoint", "urllib3")
    configuration = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"all": {"class": "logging.StreamHandler"}},
        "loggers": dict.fromkeys(names, loud),
        "root": loud,
    }
    file = tmp_path / "log.yml"
    file.write_text(json.dumps(configuration), encoding="utf-8")  # which is YAML as well
    run = run_tap(planted, env={"SINGER_SDK_LOG_CONFIG": str(file)})
    assert run.code == 0, run.stderr
    check_silence(run.stdout + run.stderr)


def test_a_call_that_has_no_answer_is_told(
    endpoint: FakeAws, settings: Json, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint.drop("GetJobs", times=None)
    (scope,) = opened(settings, aws_max_attempts=1)
    with pytest.raises(TapError):
        call(scope)
    assert "glue:GetJobs in us-east-1: status 200, attempt 1, " in caplog.text


# Answers of STS


@pytest.mark.parametrize(
    ("answer", "level"), [*((answer, "DEBUG") for answer in BROKEN), ("cut", "INFO")]
)
def test_an_answer_of_sts_that_is_none(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, answer: str, level: str
) -> None:
    endpoint.respond("AssumeRole", BROKEN[answer].encode(), content_type="text/xml")
    run = run_tap({**settings, "aws_assume_role_arn": ROLE}, env={"LOGLEVEL": level})
    line = check_one_line(run)
    assert line.startswith(f"Setting 'aws_assume_role_arn': {ROLE}: ")
    assert "aws_endpoint_url" in line


def break_later(endpoint: FakeAws, answer: str) -> None:
    """Let a role be assumed once, for so short that each call assumes it anew."""
    endpoint.roles[ROLE] = Role(OTHER, duration_seconds=2)
    count = itertools.count()
    endpoint.respond(
        "AssumeRole",
        BROKEN[answer].encode(),
        content_type="text/xml",
        when=lambda _: next(count) > 1,  # the second is that of GetCallerIdentity
    )


@pytest.mark.parametrize(
    ("answer", "level"), [("cut", "INFO"), ("cut", "NOTSET"), ("with text behind", "DEBUG")]
)
def test_an_answer_of_sts_that_is_none_in_mid_run(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, answer: str, level: str
) -> None:
    break_later(endpoint, answer)
    run = run_tap({**settings, "aws_assume_role_arn": ROLE}, env={"LOGLEVEL": level})
    line = check_one_line(run)
    assert line.startswith("The credentials could not be refreshed: ")


@pytest.mark.parametrize("answer", BROKEN)
def test_such_an_error_carries_no_other(endpoint: FakeAws, settings: Json, answer: str) -> None:
    break_later(endpoint, answer)
    with pytest.raises(LostRoleError) as caught:
        sync({**settings, "aws_assume_role_arn": ROLE}, "jobs")
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_an_external_id_that_sts_quotes(endpoint: FakeAws, settings: Json, run_tap: RunTap) -> None:
    message = f"Value '{CANARY}' at 'externalId' failed to satisfy constraint"
    endpoint.fail("AssumeRole", "ValidationError", message=message)
    role = {"aws_assume_role_arn": ROLE, "aws_assume_role_external_id": CANARY}
    run = run_tap({**settings, **role}, env={"LOGLEVEL": "DEBUG"})
    assert "its external id" in check_one_line(run)


# Keys that are none

ODD: Final = [
    f"{CANARY}\r\nHost: x",
    f"{CANARY}\nx",
    f"{CANARY} x",
    f"{CANARY}\u20ac",
    f"{CANARY}\0",
]
ENVIRONMENT: Final = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]


@pytest.mark.parametrize(
    ("name", "text"), list(zip([*ENVIRONMENT, *ENVIRONMENT], ODD, strict=False))
)
def test_keys_of_the_settings(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, name: str, text: str
) -> None:
    keys = {variable.lower(): "testing" for variable in ENVIRONMENT} | {name.lower(): text}
    run = run_tap({**settings, **keys}, env={"LOGLEVEL": "DEBUG"})
    assert "(it is not shown, being a secret)" in check_one_line(run)
    assert not endpoint.calls


@pytest.mark.parametrize(
    ("name", "text"), list(zip([*ENVIRONMENT[::-1], ENVIRONMENT[2]], ODD, strict=False))
)
def test_keys_of_the_environment(settings: Json, run_tap: RunTap, name: str, text: str) -> None:
    run = run_tap(settings, env={"LOGLEVEL": "DEBUG", name: text})
    assert "(it is not shown, being a secret)" in check_one_line(run)


@pytest.mark.parametrize("text", ["\ntesting\r\n", " testing\t"])
def test_white_space_around_keys_of_the_environment(
    settings: Json, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", text)
    monkeypatch.setenv("AWS_SESSION_TOKEN", " ")
    sync(settings, "jobs")


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Let the keys come from a process that runs some Python."""
    for name in ENVIRONMENT[:2]:
        monkeypatch.delenv(name)

    def process(code: str) -> None:
        program = tmp_path / "keys.py"
        program.write_text(code, encoding="utf-8")
        Path(os.environ["AWS_CONFIG_FILE"]).write_text(
            f"[default]\ncredential_process = {sys.executable} {program}\n", encoding="utf-8"
        )

    return process


PRINTED: Final = {"Version": 1, "AccessKeyId": KEY, "SecretAccessKey": CANARY}


@pytest.mark.parametrize(
    "code",
    [
        f"print({json.dumps(PRINTED)!r}[:-1])",
        f"print({json.dumps(PRINTED)!r}, 'and more')",
        f"print({json.dumps([CANARY])!r})",
        f"print({json.dumps({**PRINTED, 'Version': CANARY})!r})",
        f"print({json.dumps({**PRINTED, 'SessionToken': f'{CANARY}{chr(10)}x'})!r})",
        f"print({json.dumps({**PRINTED, 'SecretAccessKey': [CANARY]})!r})",
        f"print({json.dumps({**PRINTED, 'SessionToken': 't', 'Expiration': CANARY})!r})",
        f"import sys; print({json.dumps(PRINTED)!r}); sys.exit({CANARY!r})",
        f"raise ValueError({CANARY!r})",
        "import sys; sys.stdout.buffer.write(b'\\xff')",
        "",
    ],
)
def test_a_credential_process(settings: Json, process: Any, run_tap: RunTap, code: str) -> None:
    process(code)
    line = check_one_line(run_tap(settings, env={"LOGLEVEL": "DEBUG"}))
    assert "credential_process" in line or "process" in line or "being a secret" in line


def test_a_credential_process_that_does_not_exist(
    settings: Json, process: Any, run_tap: RunTap
) -> None:
    process("")
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(
        f"[default]\ncredential_process = /nowhere/{CANARY} --token {CANARY}\n", encoding="utf-8"
    )
    check_one_line(run_tap(settings, env={"LOGLEVEL": "DEBUG"}))


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"AccessKeyId": KEY, "SecretAccessKey": CANARY})[:-1],
        json.dumps({"AccessKeyId": KEY, "SecretAccessKey": CANARY}),
        json.dumps([CANARY]),
        json.dumps(
            {"AccessKeyId": KEY, "SecretAccessKey": CANARY, "Token": "t", "Expiration": CANARY}
        ),
        f"<html>{CANARY}</html>",
        "",
    ],
)
def test_a_container(
    settings: Json, run_tap: RunTap, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1")
    with FakeVault(answer=answer.encode()) as server:  # it answers all there is so
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/{CANARY}")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", CANARY)
        check_one_line(run_tap(settings, env={"LOGLEVEL": "DEBUG"}))


# Vault


@pytest.mark.parametrize(("secret_id", "code"), [(f"{CANARY}-id", 0), (f"{CANARY}-wrong", 1)])
def test_vault(
    endpoint: FakeAws, settings: Json, run_tap: RunTap, secret_id: str, code: int
) -> None:
    endpoint.know(KEY, f"{CANARY}+/==")
    with FakeVault() as vault:  # which quotes in its errors what was sent
        vault.mount("secret")
        token = {"session_token": f"{CANARY}+/==", "expiration": LATER}
        keys = {"access_key": KEY, "secret_key": CANARY, **token}
        vault.write("secret/data/reader", keys)
        vault.login("approle", {"role_id": CANARY, "secret_id": f"{CANARY}-id"})
        run = run_tap(
            {
                **settings,
                "aws_credentials_uri": "vault://secret/reader",
                "vault_address": vault.url,
                "vault_role_id": CANARY,
                "vault_secret_id": secret_id,
            },
            catalog=catalog_of("jobs"),
            env={"LOGLEVEL": "DEBUG"},
        )
        assert run.code == code, run.stderr
        assert not any(token in run.stderr for token in vault.tokens)
    check_silence(run.stdout + run.stderr)
