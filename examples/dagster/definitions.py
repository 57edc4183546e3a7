"""An asset with a partition for each AWS account, all into the same tables.

Each has a state and a system directory of its own, since runs of Meltano that share one disturb
each other. What is gone from an account is told by the views of current rows: leave
`emit_activate_version_messages` off, for each run would remove the rows of all others.

Environment:
    MELTANO_PROJECT_ROOT: The project, with tap-glue-metadata and target-postgres installed, and
        the views in `views.sql` (docs/sql/default.sql of the tap).
    GLUE_ACCOUNTS: A command that prints `aws_accounts` as JSON, run in the project: by default of
        its file accounts.json; `tap-glue-metadata --config=ENV --accounts=ROLE` asks AWS.
    PGHOST, PGUSER, PGPASSWORD, PGDATABASE: Where psql finds the tables.
"""

import json
import os
import shlex
import subprocess

import dagster as dg

PROJECT = os.environ["MELTANO_PROJECT_ROOT"]
READ = """
own=$MELTANO_PROJECT_ROOT/.meltano/shards/$SHARD
mkdir -p "$own" && ln -sfn ../../extractors ../../loaders "$own"
MELTANO_SYS_DIR_ROOT=$own exec meltano run --no-install --state-id-suffix="$SHARD" \
  tap-glue-metadata target-postgres
"""

command = shlex.split(os.environ.get("GLUE_ACCOUNTS", "cat accounts.json"))
listed = json.loads(subprocess.check_output(command, cwd=PROJECT))
accounts = {account["role_arn"].split(":")[4]: account for account in listed}


def run(command: str, **env: str) -> None:
    """Run a command in the project; what it writes is in the logs of the step."""
    subprocess.run(["bash", "-c", command], cwd=PROJECT, env=os.environ | env, check=True)


@dg.asset(
    partitions_def=dg.StaticPartitionsDefinition(sorted(accounts)),
    retry_policy=dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL),
    pool="glue",  # how many run at once: `dagster instance concurrency set glue 8`
)
def glue_metadata(context: dg.AssetExecutionContext) -> None:
    """The metadata of one account, in the tables of all."""
    account = accounts[context.partition_key]
    run(READ, SHARD=context.partition_key, TAP_GLUE_METADATA_AWS_ACCOUNTS=json.dumps([account]))


@dg.asset(deps=[glue_metadata], automation_condition=dg.AutomationCondition.any_deps_updated())
def current_rows() -> None:
    """The views of what is current in the tables, after any account has landed."""
    run("psql --quiet --set=ON_ERROR_STOP=1 --file=views.sql", PGOPTIONS="-c search_path=glue")


@dg.schedule(cron_schedule="@daily", target=glue_metadata)
def daily(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """Run each account by itself, so that one that fails is red alone, and is retried alone."""
    day = f"{context.scheduled_execution_time:%Y-%m-%d}"
    return [dg.RunRequest(f"{day} {account}", partition_key=account) for account in accounts]


defs = dg.Definitions(assets=[glue_metadata, current_rows], schedules=[daily])
