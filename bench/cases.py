"""What is measured, and what it may cost."""

from __future__ import annotations

import json
import sys
from typing import Final

from bench.accounts import Accounts
from bench.contests import Contest, Program, Target
from bench.kindness import Kindness
from bench.pipelines import Pipelines
from bench.processes import ROOT, TAP, Catalog

_HERE: Final = ROOT / "bench"
_LOOP: Final = Program("paginator loop", [sys.executable, str(_HERE / "paginator_loop.py")])
_CALLS: Final = Program("calls one by one", [sys.executable, str(_HERE / "workflow_loop.py")])
_IMPORTS: Final = Program("import of both", [sys.executable, "-c", "import singer_sdk, boto3"])
_TAP: Final = Program("tap", [TAP])
_TAP_32: Final = Program(
    "tap, concurrency 32", [TAP, "--config=ENV"], {"TAP_GLUE_METADATA_CONCURRENCY": "32"}
)
_THREADS: Final = Program("pool of threads", [sys.executable, str(_HERE / "thread_pool.py")])
_EXTRA: Final = ("partitions", "column_statistics", "lf_tags")
_TAP_EXTRA: Final = Program(
    "tap",
    [TAP],
    {"TAP_GLUE_METADATA_EXTRA_STREAMS": json.dumps(_EXTRA)},
    streams=("databases", "tables", "columns", *_EXTRA),
)
_TWICE: Final = Program(
    "tap, 200,000 tables", [TAP], catalog=Catalog(databases=200, tables=1000, columns=5)
)
_LIFTED: Final = Program(
    "tap, limit lifted after 15 s",
    [TAP],
    catalog=Catalog(databases=2000, tables=1, columns=5, rate=10, lifted=15),
)

CASES: Final = (
    Contest(
        "a",
        "10 databases x 1,000 tables x 50 columns, no latency",
        [_LOOP, _TAP],
        [Target("tap", 1.0, against="paginator loop")],
        Catalog(databases=10, tables=1000, columns=50),
    ),
    Contest(
        "b",
        "200 databases x 20 tables x 20 columns, 100 ms a call",
        [_LOOP, _TAP, _TAP_32],
        [
            Target("tap", 0.22, against="paginator loop"),
            Target("tap, concurrency 32", 0.1, against="paginator loop"),
        ],
        Catalog(databases=200, tables=20, columns=20, latency=0.1),
    ),
    Contest(
        "c",
        "1 database x 20,000 tables x 20 columns, 20 ms a call",
        [_LOOP, _TAP],
        [Target("tap", 0.9, against="paginator loop")],
        Catalog(databases=1, tables=20_000, columns=20, latency=0.02),
    ),
    Contest(
        "d",
        "memory: 100,000 tables x 5 columns in 100 databases, and twice as many",
        [_LOOP, _TAP, _TWICE],
        [
            Target("tap", 150, of="peak"),
            Target("tap, 200,000 tables", 1.1, of="peak", against="tap"),
        ],
        Catalog(databases=100, tables=1000, columns=5),
    ),
    Contest(
        "e",
        "1,000 workflows, 50 ms a call",
        [_CALLS, Program("tap", [TAP], streams=["workflows"])],
        [Target("tap", 0.6, against="calls one by one")],
        Catalog(workflows=1000, latency=0.05),
    ),
    Contest(
        "f",
        "start-up: tap-glue-metadata --about, and an interpreter that imports singer_sdk and boto3",
        [_IMPORTS, Program("tap --about", [TAP, "--about"])],
        [Target("tap --about", 1.3, against="import of both")],
    ),
    Kindness(
        "g",
        "kindness: 600 databases of one table, under a bucket of 10 calls a second",
        [_TAP, _TAP_32, _LIFTED],
        Catalog(databases=600, tables=1, columns=5, rate=10),
    ),
    Pipelines(
        "h",
        "`meltano run` with targets: 10 databases x 200 tables x 50 columns, no latency",
        Catalog(databases=10, tables=200, columns=50),
    ),
    Accounts(
        "i",
        "40 accounts x 17 regions of one database with one table, 100 ms a call",
        [8, 64],
        Catalog(databases=1, tables=1, columns=5, accounts=40, latency=0.1),
    ),
    Contest(
        "j",
        "2,000 tables: 10 partitions each, statistics of columns, LF-Tags, 50 ms a call",
        [_THREADS, _TAP_EXTRA],
        [Target("tap", 1.1, against="pool of threads")],
        Catalog(databases=20, tables=100, columns=20, partitions=10, latency=0.05),
    ),
)
