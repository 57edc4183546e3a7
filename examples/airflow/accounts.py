"""A task for each AWS account, all into the same tables.

Each has a state and a system directory of its own, since runs of Meltano that share one disturb
each other. What is gone from an account is told by the views of current rows: leave
`emit_activate_version_messages` off, for each task would remove the rows of all others.

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
from datetime import datetime, timezone

from airflow.exceptions import AirflowException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, TriggerRule, task

PROJECT = os.environ["MELTANO_PROJECT_ROOT"]
READ = """
own=$MELTANO_PROJECT_ROOT/.meltano/shards/$SHARD
mkdir -p "$own" && ln -sfn ../../extractors ../../loaders "$own"
MELTANO_SYS_DIR_ROOT=$own exec meltano run --no-install --state-id-suffix="$SHARD" \
  tap-glue-metadata target-postgres
"""

with DAG(
    "glue-metadata-by-account",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    tags=["meltano"],
):

    @task
    def accounts() -> list[dict[str, str]]:
        """Return the environment of each shard."""
        command = shlex.split(os.environ.get("GLUE_ACCOUNTS", "cat accounts.json"))
        found = json.loads(subprocess.check_output(command, cwd=PROJECT))
        return [
            {
                "SHARD": account["role_arn"].split(":")[4],
                "TAP_GLUE_METADATA_AWS_ACCOUNTS": json.dumps([account]),
            }
            for account in found
        ]

    @task(trigger_rule=TriggerRule.ONE_FAILED, retries=0)
    def watch() -> None:
        """Fail the run once all is done: it would end as `refresh` does, whatever failed before."""
        raise AirflowException("An account could not be read; the rows of the others are there")

    read = BashOperator.partial(
        task_id="read",
        bash_command=READ,
        append_env=True,
        cwd=PROJECT,
        retries=2,
        max_active_tis_per_dagrun=8,
        map_index_template="{{ task.env['SHARD'] }}",
    ).expand(env=accounts())
    refresh = BashOperator(
        task_id="refresh",
        bash_command="psql --quiet --set=ON_ERROR_STOP=1 --file=views.sql",
        env={"PGOPTIONS": "-c search_path=glue"},
        append_env=True,
        cwd=PROJECT,
        trigger_rule=TriggerRule.ALL_DONE,
    )
    read >> refresh
    [read, refresh] >> watch()
