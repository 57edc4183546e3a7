"""Cases in which programs take turns: how they are declared, run and summed up."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from bench.processes import TAP, BenchError, counts, environment, measure, serve
from bench.report import Section, Verdict, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from bench.processes import Catalog, Endpoint, Sample

Measure: TypeAlias = Literal["seconds", "cpu", "peak"]

CASE_SECONDS: Final = 900
HEADINGS: Final = (
    "program",
    "seconds",
    "ratio",
    "in the rounds",
    "CPU seconds",
    "peak MB",
    "records a second",
)


@dataclass(frozen=True)
class Program:
    """What takes part in a contest.

    Attributes:
        name: What it is called in the results.
        command: How it is started.
        settings: Environment variables.
        streams: The tap's streams that are selected; those of the default if not given.
        catalog: What it reads, if not what the others read.
    """

    name: str
    command: Sequence[str]
    settings: Mapping[str, str] = field(default_factory=dict)
    streams: Sequence[str] = ()
    catalog: Catalog | None = None


@dataclass(frozen=True)
class Target:
    """What a program may cost at most.

    Attributes:
        program: Its name.
        limit: The most that it may cost.
        of: What is limited: the time, or the peak of memory.
        against: The program whose cost it is divided by; if not given, the limit is in MB.
    """

    program: str
    limit: float
    of: Measure = "seconds"
    against: str | None = None


@dataclass(frozen=True)
class Contest:
    """A case in which programs take turns.

    Attributes:
        key: The case's letter.
        title: What is read.
        programs: Who takes part; the others are compared with the first.
        targets: What they may cost.
        catalog: What they read; None if they call nothing.
    """

    key: str
    title: str
    programs: Sequence[Program]
    targets: Sequence[Target]
    catalog: Catalog | None = None

    def run(self, folder: Path, rounds: int, scale: float, tell: Callable[[str], None]) -> Section:
        """Let the programs take turns, once to warm up and then as often as there are rounds.

        Args:
            folder: Where files may be written.
            rounds: How many there are, unless they take longer than a case may.
            scale: The share of the tables and workflows to read.
            tell: Takes what happens now.

        Returns:
            What they cost.

        Raises:
            BenchError: A program failed, or did not read all there is.
        """
        with ExitStack() as stack:
            catalogs = {program.catalog or self.catalog for program in self.programs}
            endpoints = {
                catalog: stack.enter_context(serve(catalog.scaled(scale))) if catalog else None
                for catalog in catalogs
            }
            entries = [
                Entry(program, endpoints[program.catalog or self.catalog], folder)
                for program in self.programs
            ]
            begin = time.monotonic()
            for turn in range(rounds + 1):
                if turn > 1 and time.monotonic() - begin > CASE_SECONDS:
                    break
                for entry in entries:
                    stage = f"round {turn} of {rounds}" if turn else "warming up"
                    tell(f"({self.key}) {entry.program.name}, {stage}")
                    entry.run(is_measured=turn > 0)
        return self._section(entries, rounds)

    def _section(self, entries: Sequence[Entry], rounds: int) -> Section:
        done = len(entries[0].samples)
        return Section(
            self.key,
            self.title,
            HEADINGS,
            [entry.row(entries[0]) for entry in entries],
            [
                _verdict(target, {entry.program.name: entry for entry in entries})
                for target in self.targets
            ],
            [f"Only {done} rounds, for the case takes long."] if done < rounds else [],
        )


class Entry:
    """A program in a contest, and what it cost so far.

    Attributes:
        program: The program.
        samples: One for each round.
    """

    def __init__(self, program: Program, endpoint: Endpoint | None, folder: Path) -> None:
        """Prepare a program's start.

        Args:
            program: The program.
            endpoint: What it reads, if it reads anything.
            folder: Where files may be written.
        """
        self.program = program
        self.samples: list[Sample] = []
        self._endpoint = endpoint
        self._output = folder / "output.jsonl"
        self._records = 0
        self._environment = environment(endpoint.url if endpoint else "") | {**program.settings}
        self._command = [*program.command]
        if program.streams:
            chosen = selection(folder, program.streams, program.settings)
            self._command += ["--config=ENV", "--catalog", str(chosen)]

    def run(self, *, is_measured: bool) -> None:
        """Run the program once.

        Args:
            is_measured: Whether the run counts.

        Raises:
            BenchError: It failed, or did not read all there is.
        """
        sample = measure(self._command, self._output, env=self._environment)
        if self._endpoint:
            self._records = self._check(self._endpoint.catalog)
        if is_measured:
            self.samples.append(sample)

    def median(self, of: Measure) -> float:
        """Return the median of one measure of the samples."""
        measured: list[float] = [getattr(sample, of) for sample in self.samples]
        return statistics.median(measured)

    def row(self, first: Entry) -> tuple[str, ...]:
        """Sum up what the program cost, beside the first one."""
        seconds = self.median("seconds")
        ratios = [
            own.seconds / other.seconds
            for own, other in zip(self.samples, first.samples, strict=True)
        ]
        is_first = self is first
        return (
            self.program.name,
            number(seconds),
            "1" if is_first else number(seconds / first.median("seconds")),
            "" if is_first else f"{number(min(ratios))} to {number(max(ratios))}",
            number(self.median("cpu")),
            number(self.median("peak")),
            f"{self._records / seconds:,.0f}" if self._records else "",
        )

    def _check(self, catalog: Catalog) -> int:
        found = counts(self._output)
        is_tap = self._command[0] == TAP
        wanted = {  # the loops do not look at all there is
            kind: amount
            for kind, amount in catalog.objects.items()
            if kind in found or (is_tap and amount)
        }
        if not wanted or any(found[kind] != amount for kind, amount in wanted.items()):
            raise BenchError(f"{self.program.name} read {dict(found)}, not {catalog.objects}")
        return sum(found.values()) if is_tap else 0


def selection(folder: Path, streams: Sequence[str], settings: Mapping[str, str]) -> Path:
    """Write a catalog that selects some of the tap's streams.

    Args:
        folder: Where to write it.
        streams: Their names.
        settings: Environment variables with the tap's settings.

    Returns:
        The file.
    """
    discovered = subprocess.run(  # noqa: S603 - a fixed command, without a shell
        [TAP, "--config=ENV", "--discover"],
        env=environment() | {**settings},
        capture_output=True,
        timeout=60,
        check=True,
    )
    catalog = json.loads(discovered.stdout)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] in streams
    path = folder / "catalog.json"
    path.write_text(json.dumps(catalog), encoding="utf-8")
    return path


def _verdict(target: Target, entries: Mapping[str, Entry]) -> Verdict:
    measured = entries[target.program].median(target.of)
    what = "time" if target.of == "seconds" else "peak of memory"
    if target.against is None:
        return Verdict(f"{what} of {target.program}", measured, target.limit, " MB")
    against = entries[target.against].median(target.of)
    subject = f"{what} of {target.program} / {target.against}"
    return Verdict(subject, measured / against, target.limit)
