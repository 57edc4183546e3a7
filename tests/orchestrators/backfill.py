"""Run by Dagster's Python: a run for each partition, several at a time, as its daemon does.

Prints which partitions failed.
"""

# ruff: noqa: T201 - a script, whose output is its result

from __future__ import annotations

import json
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import dagster as dg

found = runpy.run_path(sys.argv[1])
asset, refresh, schedule = found["glue_metadata"], found["current_rows"], found["daily"]


def succeeds(request: dg.RunRequest) -> bool:
    """Run a partition, and tell whether it succeeded."""
    key = request.partition_key
    return bool(dg.materialize([asset], partition_key=key, raise_on_error=False).success)


with dg.DagsterInstance.ephemeral() as instance:
    now = datetime.now(tz=timezone.utc)
    with dg.build_schedule_context(
        instance, scheduled_execution_time=now, repository_def=found["defs"].get_repository_def()
    ) as context:
        requests = schedule.evaluate_tick(context).run_requests
# The first one alone: it creates the tables, over which several at once could fail.
outcomes = [succeeds(requests[0])]
with ThreadPoolExecutor(4) as pool:
    outcomes += pool.map(succeeds, requests[1:])
failed = [r.partition_key for r, success in zip(requests, outcomes, strict=True) if not success]
assert dg.materialize([refresh], selection=[refresh]).success
print(json.dumps(failed))
