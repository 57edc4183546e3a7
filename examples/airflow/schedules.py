"""One DAG for each schedule of a Meltano project.

MELTANO_PROJECT_ROOT names the project. Airflow reads this file again and again, and each time asks
Meltano, which takes two seconds: let `[dag_processor] min_file_process_interval` be some minutes.
"""

import json
import os
import subprocess
from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PROJECT = os.environ["MELTANO_PROJECT_ROOT"]

listed = subprocess.check_output(["meltano", "schedule", "list", "--format=json"], cwd=PROJECT)

for schedule in (each for kind in json.loads(listed)["schedules"].values() for each in kind):
    with DAG(
        schedule["name"],
        schedule=schedule["cron_interval"],
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        max_active_runs=1,  # Meltano refuses a second run of the same pipeline at a time
        tags=["meltano"],
    ):
        BashOperator(
            task_id="run",
            bash_command=f"meltano schedule run {schedule['name']}",
            cwd=PROJECT,
            retries=2,
        )
