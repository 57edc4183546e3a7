"""What is a secret, and what is not: over a corpus, over any text, and where keys decide."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redaction_corpus import cases, record, strings

from tap_glue_metadata.redaction import REDACTED, Redactor, redact_text

if TYPE_CHECKING:
    from redaction_corpus import Case

REDACTOR: Final = Redactor()
SECRETS: Final = [case for name in ("secrets", "secrets_held_out") for case in cases(name)]
HARMLESS: Final = [case for name in ("harmless", "harmless_held_out") for case in cases(name)]
RECALL, PRECISION = 0.9, 0.97


def is_caught(case: Case) -> bool:
    found = list(strings(record(case, REDACTOR)))
    shows = any(secret in text for secret in case.secrets for text in found)
    return is_changed(case) and not shows  # what is encoded does not show either way


def is_changed(case: Case) -> bool:
    return bool(record(case, REDACTOR) != record(case, None))


def test_the_corpus_is_large() -> None:
    assert len(SECRETS) >= 400
    assert len(HARMLESS) >= 400
    assert all(case.secrets for case in SECRETS)
    assert not any(case.secrets for case in HARMLESS)


def test_recall_and_precision() -> None:
    missed = [case.line for case in SECRETS if not is_caught(case)]
    changed = [case.line for case in HARMLESS if is_changed(case)]
    caught = len(SECRETS) - len(missed)
    assert caught / len(SECRETS) >= RECALL, "\n".join(missed)
    assert caught / (caught + len(changed)) >= PRECISION, "\n".join(changed)


JOB_ARGUMENTS: Final = {
    "--TempDir": "s3://aws-glue-assets-123456789012-eu-west-1/temporary/",
    "--additional-python-modules": "pyarrow==17.0.0,s3://wheels/common-1.4.2-py3-none-any.whl",
    "--class": "GlueApp",
    "--conf": "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSession"
    "Extensions --conf spark.sql.catalog.glue.warehouse=s3://lake/warehouse "
    "--conf spark.hadoop.fs.s3a.aws.credentials.provider=com.amazonaws.auth."
    "DefaultAWSCredentialsProviderChain",
    "--connection_name": "redshift-prod",
    "--datalake-formats": "iceberg,delta",
    "--db_secret": "prod/sales/reader",
    "--enable-auto-scaling": "true",
    "--enable-continuous-cloudwatch-log": "true",
    "--enable-glue-datacatalog": "",
    "--enable-job-insights": "false",
    "--enable-metrics": "true",
    "--extra-jars": "s3://jars/ojdbc11.jar,s3://jars/spark-xml_2.12-0.18.0.jar",
    "--extra-py-files": "s3://code/lib/helpers.zip",
    "--job-bookmark-option": "job-bookmark-enable",
    "--job-language": "python",
    "--kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "--max_tokens": "4096",
    "--partition_keys": "year,month,day",
    "--primary_key": "order_id",
    "--secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "--source_query": "SELECT token_id, password_changed_at FROM users WHERE token = :token",
    "--spark-event-logs-path": "s3://aws-glue-assets-123456789012-eu-west-1/sparkHistoryLogs/",
    "--token_url": "https://login.example.com/oauth2/token",
    "--write-shuffle-files-to-s3": "true",
}


def test_nothing_of_a_real_jobs_harmless_arguments_is_changed() -> None:
    assert REDACTOR.value("DefaultArguments", JOB_ARGUMENTS) == JOB_ARGUMENTS


# Structure


PASSWORD: Final = "hunter2" + "canary"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"password": PASSWORD}, {"password": REDACTED}),
        ({"PASSWORD": 12345}, {"PASSWORD": REDACTED}),
        ({"password": True}, {"password": True}),
        ({"password": None}, {"password": None}),
        ({"password": ""}, {"password": ""}),
        ({"password": "${db_password}"}, {"password": "${db_password}"}),
        ({"passwords": [PASSWORD, ""]}, {"passwords": [REDACTED, ""]}),
        ({"Name": "password", "Value": PASSWORD}, {"Name": "password", "Value": REDACTED}),
        (["--password", PASSWORD], ["--password", REDACTED]),
        (
            {"a": [{"b": f"--password {PASSWORD} --x"}]},
            {"a": [{"b": f"--password {REDACTED} --x"}]},
        ),
        (f"https://u:{PASSWORD}@host/x", f"https://u:{REDACTED}@host/x"),
        (f"Server=h;Password={PASSWORD};Port=1", f"Server=h;Password={REDACTED};Port=1"),
    ],
)
def test_only_the_secret_goes(value: Any, expected: Any) -> None:
    assert REDACTOR.value("", value) == expected


@pytest.mark.parametrize("key", ["--internal_code", "INTERNAL_CODE", "internal_code"])
def test_further_keys(key: str) -> None:
    own = Redactor(["internal_*"])
    assert own.value("", {key: "abc"}) == {key: REDACTED}
    assert own.value("", f"{key}=abc") == f"{key}={REDACTED}"
    assert REDACTOR.value("", {key: "abc"}) == {key: "abc"}


def test_the_value_that_is_given_is_left_as_it_is() -> None:
    value = {"password": PASSWORD, "list": [{"token": PASSWORD}]}
    before = json.dumps(value)
    REDACTOR.value("", value)
    assert json.dumps(value) == before


# Any text

JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["password", "token"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from(["password", "Name"]), inner, max_size=4)
    ),
    max_leaves=12,
)
SIGNS: Final = st.text(st.sampled_from("abk -_=:;,.@/\\\"'{}[]()<>&?$#\npasswordtoken0129"))


@given(st.text() | SIGNS)
def test_any_text_is_redacted_once(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@given(JSON)
def test_any_json_keeps_its_structure(value: Any) -> None:
    found = REDACTOR.value("", value)
    assert type(found) is type(value)
    text = json.dumps(value)
    assert type(json.loads(redact_text(text))) is type(value)


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "=",
        "://",
        "password=",
        "--password ",
        '{"password":',
        "a:",
        "@",
        "eyJ",
        "key ",
        "-",
        "\\",
    ],
)
def test_a_million_characters(part: str) -> None:
    text = part * (1_000_000 // len(part))
    assert isinstance(redact_text(text), str)
