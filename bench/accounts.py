"""The case that reads many accounts and regions: time, memory, threads and file descriptors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.contests import Entry, Program
from bench.processes import REGIONS, TAP, role_arn, serve
from bench.report import Section, Verdict, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.processes import Catalog

MOST_TIMES_IDEAL: Final = 1.3
SECONDS_TO_START: Final = 4.0
MOST_MEGABYTES: Final = 150.0
MORE_THREADS: Final = 8


@dataclass(frozen=True)
class Accounts:
    """The case: what it costs to read all regions of many accounts by their roles.

    Attributes:
        key: The case's letter.
        title: What is read.
        concurrency: The calls in flight, a run for each number.
        catalog: What is read.
    """

    key: str
    title: str
    concurrency: Sequence[int]
    catalog: Catalog

    def run(self, folder: Path, _: int, scale: float, tell: Callable[[str], None]) -> Section:
        """Run the tap once for each number of calls in flight, for a run takes long.

        Args:
            folder: Where files may be written.
            scale: The share of the accounts to read.
            tell: Takes what happens now.

        Returns:
            What the runs cost.

        Raises:
            BenchError: A run failed, or did not read all there is.
        """
        rows: list[list[str]] = []
        verdicts: list[Verdict] = []
        for concurrency in self.concurrency:
            tell(f"({self.key}) concurrency {concurrency}")
            with serve(self.catalog.scaled(scale)) as endpoint:
                entry = Entry(_tap(endpoint.catalog.accounts, concurrency), endpoint, folder)
                entry.run(is_measured=True)
                calls = endpoint.tell("calls")
            ideal = calls * self.catalog.latency / concurrency
            (sample,) = entry.samples
            rows.append(
                [
                    entry.program.name,
                    number(sample.seconds),
                    f"{calls:,}",
                    number(ideal),
                    number(sample.cpu),
                    number(sample.peak),
                    f"{sample.threads}",
                    f"{sample.descriptors}",
                ]
            )
            name = entry.program.name
            seconds = MOST_TIMES_IDEAL * ideal + SECONDS_TO_START
            verdicts += [
                Verdict(f"time of {name}", sample.seconds, seconds, " s"),
                Verdict(f"peak of memory of {name}", sample.peak, MOST_MEGABYTES, " MB"),
                Verdict(f"threads of {name}", sample.threads, concurrency + MORE_THREADS),
            ]
        return Section(
            self.key,
            self.title,
            (
                "program",
                "seconds",
                "calls",
                "calls x latency / concurrency",
                "CPU seconds",
                "peak MB",
                "threads",
                "descriptors",
            ),
            rows,
            verdicts,
            [
                (
                    "One run of each. The time may be "
                    f"{MOST_TIMES_IDEAL} x calls x latency / concurrency plus "
                    f"{SECONDS_TO_START:.0f} s. Threads and file descriptors are the most that "
                    "were seen, ten times a second (Linux only)."
                )
            ],
        )


def _tap(accounts: int, concurrency: int) -> Program:
    roles = [{"role_arn": role_arn(number)} for number in range(accounts)]
    settings = {
        "AWS_ACCOUNTS": json.dumps(roles),
        "AWS_REGIONS": json.dumps(REGIONS),
        "CONCURRENCY": f"{concurrency}",
    }
    return Program(
        f"tap, concurrency {concurrency}",
        [TAP, "--config=ENV"],
        {f"TAP_GLUE_METADATA_{name}": value for name, value in settings.items()},
    )
