"""What the redactor finds of the corpus's secrets, and that it leaves the harmless values alone."""

from __future__ import annotations

from typing import Final

import pytest
from redaction_corpus import cases, leaks, record

from tap_glue_metadata.records.projection import compile_projection
from tap_glue_metadata.redaction import OFF, Redactor
from tap_glue_metadata.streams.declaration import SCHEMAS

REDACTOR: Final = Redactor()
SMALLEST: Final = 400
RECALL: Final = 0.90
PRECISION: Final = 0.97


@pytest.mark.parametrize("part", ["", "_held_out"])
def test_recall_and_precision(part: str) -> None:
    secrets, harmless = cases(f"secrets{part}"), cases(f"harmless{part}")
    missed = [case.line for case in secrets if leaks(case, record(case, REDACTOR))]
    changed = [c.line for c in harmless if record(c, REDACTOR) != record(c, OFF)]
    found = len(secrets) - len(missed)
    recall, precision = found / len(secrets), found / (found + len(changed))
    told = "\n".join([f"{recall:.3f} {precision:.3f}", "missed:", *missed, "changed:", *changed])
    assert recall >= RECALL, told
    assert precision >= PRECISION, told


def test_the_corpus_is_large_and_each_secret_is_one() -> None:
    secrets = [*cases("secrets"), *cases("secrets_held_out")]
    harmless = [*cases("harmless"), *cases("harmless_held_out")]
    for some in (secrets, harmless):
        assert len({case.line for case in some}) == len(some) >= SMALLEST
    assert [case.line for case in secrets if not leaks(case, record(case, OFF))] == []
    assert [case.line for case in harmless if case.secrets] == []


ARGUMENTS: Final = """
--enable-metrics true
--enable-spark-ui true
--enable-auto-scaling true
--enable-glue-datacatalog true
--enable-continuous-cloudwatch-log true
--continuous-log-logGroup /aws-glue/jobs/load-orders
--job-bookmark-option job-bookmark-enable
--job-language python
--TempDir s3://aws-glue-assets-123456789012-us-east-1/temporary/
--spark-event-logs-path s3://aws-glue-assets-123456789012-us-east-1/sparkHistoryLogs/
--extra-py-files s3://code/libs/orders-1.4.2-py3-none-any.whl,s3://code/token_auth.zip
--extra-jars s3://code/jars/postgresql-42.6.0.jar,s3://code/secretsmanager-jdbc.jar
--extra-files s3://code/conf/passwords.schema.json
--additional-python-modules pyarrow==14.0.1,pandas>=2,<3,keyring==24.3.0,tokenizers
--python-modules-installer-option --upgrade --no-deps
--datalake-formats iceberg
--conf spark.sql.catalog.glue=org.apache.iceberg.spark.SparkCatalog \
    --conf spark.sql.catalog.glue.warehouse=s3://lake/token=1/ \
    --conf spark.hadoop.fs.s3a.aws.credentials.provider=com.amazonaws.auth.ProviderChain \
    --conf spark.driver.extraJavaOptions=-Djavax.net.ssl.trustStore=/tmp/trust.jks
--db_secret prod/orders/db
--redshift_credentials dev/x
--db_password_ssm /prod/orders/password
--secret_arn arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf
--kms_key_id 1234abcd-12ab-34cd-56ef-1234567890ab
--primary_keys order_id,line_no
--push_down_predicate token='abc' and dt>='2024-01-01'
--source s3://raw/events/token=abc/dt=2024-01-01/
--schema {"fields": [{"name": "password", "type": "string"}]}
--column_mapping {"token": "tok", "id": "key"}
--token_price 0.002
--secret_santa true
--password_expired N
--token_table prod.tokens
"""


def test_nothing_of_a_real_jobs_harmless_arguments_is_changed() -> None:
    lines = ARGUMENTS.replace("\\\n   ", "").strip().splitlines()
    arguments = dict(line.split(" ", 1) for line in lines)
    assert len(arguments) > 30
    job = {
        "Name": "load-orders",
        "Description": "Loads orders; the password is in Secrets Manager, see prod/orders/db.",
        "Role": "arn:aws:iam::123456789012:role/service-role/AWSGlueServiceRole-orders",
        "LogUri": "s3://aws-glue-assets-123456789012-us-east-1/logs/",
        "Command": {"Name": "glueetl", "ScriptLocation": "s3://code/token=1/load-orders.py"},
        "DefaultArguments": arguments,
        "Connections": {"Connections": ["orders-db"]},
    }
    schema = SCHEMAS.get_schema("jobs")
    assert compile_projection(schema, REDACTOR)(job) == compile_projection(schema, OFF)(job)
