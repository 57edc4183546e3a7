"""The case that looks at how the tap treats an API that throttles it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.contests import Entry
from bench.processes import serve
from bench.report import Section, Verdict, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from bench.contests import Program
    from bench.processes import Catalog, Endpoint

LEAST_SHARE_OF_RATE: Final = 0.85
MOST_THROTTLED: Final = 0.2
LEAST_RECOVERY: Final = 2.0


@dataclass(frozen=True)
class Kindness:
    """The case: how much of a bucket of calls is used, and how many calls find it empty.

    Attributes:
        key: The case's letter.
        title: What is read.
        programs: Who reads it, each from an endpoint of its own.
        catalog: What is read, and the rate at which the bucket fills.
    """

    key: str
    title: str
    programs: Sequence[Program]
    catalog: Catalog

    def run(self, folder: Path, _: int, scale: float, tell: Callable[[str], None]) -> Section:
        """Run each program once, for it takes as long as the bucket wants.

        Args:
            folder: Where files may be written.
            scale: The share of the databases to read.
            tell: Takes what happens now.

        Returns:
            How they did.

        Raises:
            BenchError: A program failed, or did not read all there is.
        """
        rows: list[list[str]] = []
        verdicts: list[Verdict] = []
        for program in self.programs:
            tell(f"({self.key}) {program.name}")
            catalog = program.catalog or self.catalog
            with serve(catalog.scaled(scale)) as endpoint:
                entry = Entry(program, endpoint, folder)
                entry.run(is_measured=True)
                found, row = _traffic(endpoint)
            rows.append([program.name, number(entry.median("seconds")), *row])
            verdicts += _verdicts(program.name, catalog, found)
        return Section(
            self.key,
            self.title,
            ("program", "seconds", "calls", "throttled", "later: calls", "throttled"),
            rows,
            verdicts,
            [
                (
                    "One run of each; later, where the targets count, is after ten seconds, or "
                    "when the limit is lifted."
                )
            ],
        )


def _verdicts(name: str, catalog: Catalog, later: Mapping[str, float]) -> list[Verdict]:
    share = later["rate"] / catalog.rate
    if catalog.lifted:
        subject = f"calls a second of {name} / the limit that was"
        return [Verdict(subject, share, LEAST_RECOVERY, at_least=True)]
    reached = f"share of the rate that {name} reaches"
    return [
        Verdict(reached, share, LEAST_SHARE_OF_RATE, at_least=True),
        Verdict(f"share of {name}'s calls throttled", later["share"], MOST_THROTTLED),
    ]


def _traffic(endpoint: Endpoint) -> tuple[Mapping[str, float], list[str]]:
    """Return what came later, and the counts of both periods."""
    whole, later = endpoint.tell("traffic")
    row = [f"{period[name]:,}" for period in (whole, later) for name in ("calls", "throttled")]
    return later, row
