"""The case that runs the whole pipeline: the tap through Meltano into targets, and then again."""

from __future__ import annotations

import json
import shutil
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bench.processes import (
    BIN,
    RUN_SECONDS,
    TAP,
    BenchError,
    Catalog,
    counts,
    environment,
    measure,
    serve,
)
from bench.report import Section, Verdict, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bench.processes import Endpoint, Sample

Json: TypeAlias = dict[str, Any]

MELTANO: Final = str(BIN / "meltano")
EXTRACTOR: Final = "tap-glue-metadata"
INSTALL_SECONDS: Final = 900
# With the targets a round takes long, and is not what the tap is measured by.
MOST_ROUNDS: Final = 3

MOST_EMITTED: Final = 0.05

_START, _FIRST, _SECOND = "start-up", "first run", "second run"
_STEPS: Final = ("tap alone", "target alone", _START, _FIRST, _SECOND)
_MEANING: Final = (
    "Medians of {rounds} rounds. The tap alone writes {records} records to a file, and the target "
    "alone reads it. The runs are Meltano's: start-up over an empty catalog (Meltano, its look for "
    "the tap's catalog, the tap, the target), the first one over all, the second one after 1 % of "
    "the tables changed, with tables and columns INCREMENTAL."
)
_COUNT_ROWS: Final = """
import json, sys
import duckdb
database = duckdb.connect(sys.argv[1], read_only=True)
names = [name for (name,) in database.execute("SHOW TABLES").fetchall()]
rows = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
print(json.dumps(rows))
"""


class Project:
    """A Meltano project of its own, so that the user's is left alone.

    Attributes:
        folder: Where it is.
    """

    def __init__(self, folder: Path, loaders: Mapping[str, Json]) -> None:
        """Write the project's definition.

        Args:
            folder: Where to write it.
            loaders: The definitions of the targets, by name.
        """
        self.folder = folder
        extractor = {
            "name": EXTRACTOR,
            "namespace": "tap_glue_metadata",
            "executable": TAP,  # no `pip_url`: what is measured is the tap of this checkout
            "capabilities": ["catalog", "discover", "state"],
            "metadata": {
                "tables": _incremental("update_time"),
                "columns": _incremental("table_update_time"),
            },
        }
        definition = {
            "version": 1,
            "project_id": "tap-glue-metadata-bench",
            "send_anonymous_usage_stats": False,
            "default_environment": "bench",  # Meltano keeps state for an environment only
            "environments": [{"name": "bench"}],
            "plugins": {
                "extractors": [extractor],
                "loaders": [
                    # With a namespace the definition is complete, and the Hub is not asked.
                    {"name": name, "namespace": name.replace("-", "_"), "executable": name} | loader
                    for name, loader in loaders.items()
                ],
            },
        }
        folder.mkdir()
        (folder / "meltano.yml").write_text(json.dumps(definition), encoding="utf-8")

    def meltano(self, *arguments: str, url: str = "", seconds: float = RUN_SECONDS) -> Sample:
        """Run Meltano.

        Args:
            *arguments: Its arguments.
            url: The endpoint that the tap shall find.
            seconds: How long it may take.

        Returns:
            What it cost.
        """
        env = environment(url) | {
            "MELTANO_PROJECT_ROOT": str(self.folder),
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
            "NO_COLOR": "1",
        }
        output = self.folder / "meltano.txt"
        return measure([MELTANO, *arguments], output, env=env, cwd=self.folder, seconds=seconds)

    def program(self, loader: str, name: str) -> str:
        """Return the path of a program that Meltano installed with a target."""
        return str(self.folder / ".meltano" / "loaders" / loader / "venv" / "bin" / name)


class Jsonl:
    """target-jsonl, which validates each record and appends it to a file."""

    name = "target-jsonl"

    def __init__(self, folder: Path) -> None:
        """Choose where it lands the records."""
        self._files = folder / "jsonl"
        config = {"destination_path": str(self._files), "do_timestamp_file": False}
        self.definition: Json = {"pip_url": "target-jsonl~=0.1.4", "config": config}

    def clear(self) -> None:
        """Remove what landed."""
        shutil.rmtree(self._files, ignore_errors=True)
        self._files.mkdir()

    def landed(self, _: Project) -> dict[str, int]:
        """Count what landed, by stream."""
        return {path.stem: _lines(path) for path in self._files.glob("*.jsonl")}


class DuckDb:
    """target-duckdb, which writes batches to files and lets DuckDB merge them into tables."""

    name = "target-duckdb"

    def __init__(self, folder: Path) -> None:
        """Choose where it lands the records."""
        self._database = folder / "glue.duckdb"
        self.definition: Json = {
            # It takes any DuckDB from 1.0 on, but newer ones take the first record of each of its
            # files for a header; see docs/targets.md.
            "pip_url": "target-duckdb~=0.8.0 duckdb~=1.1.3",
            "config": {"path": str(self._database), "default_target_schema": "main"},
        }

    def clear(self) -> None:
        """Remove what landed."""
        for path in self._database.parent.glob(f"{self._database.name}*"):
            path.unlink()

    def landed(self, project: Project) -> dict[str, int]:
        """Count what landed, by stream."""
        command = [project.program(self.name, "python"), "-c", _COUNT_ROWS, str(self._database)]
        rows = project.folder / "rows.json"
        measure(command, rows, env=environment())
        return counts(rows)


Loader: TypeAlias = "Jsonl | DuckDb"


@dataclass(frozen=True)
class Pipelines:
    """The case: what pipelines cost, and what of it the target does.

    Attributes:
        key: The case's letter.
        title: What is read.
        catalog: What is read.
    """

    key: str
    title: str
    catalog: Catalog

    def run(self, folder: Path, rounds: int, scale: float, tell: Callable[[str], None]) -> Section:
        """Run all pipelines, once to warm up and then as often as there are rounds.

        Args:
            folder: Where files may be written.
            rounds: How many there are, but no more than a few.
            scale: The share of the tables to read.
            tell: Takes what happens now.

        Returns:
            What they cost.

        Raises:
            BenchError: A program failed, or not all records landed.
        """
        loaders: list[Loader] = [Jsonl(folder), DuckDb(folder)]
        project = Project(folder / "project", {one.name: one.definition for one in loaders})
        tell(f"({self.key}) meltano install")
        project.meltano("install", seconds=INSTALL_SECONDS)
        rounds = min(rounds, MOST_ROUNDS)
        with serve(self.catalog.scaled(scale)) as endpoint, serve(Catalog()) as empty:
            courses = [_Course(project, loader, endpoint, empty) for loader in loaders]
            for turn in range(rounds + 1):
                for course in courses:
                    stage = f"round {turn} of {rounds}" if turn else "warming up"
                    tell(f"({self.key}) {course.loader.name}, {stage}")
                    course.run(is_measured=turn > 0)
        return Section(
            self.key,
            self.title,
            ("seconds", *(head for one in loaders for head in (one.name, "of its first run"))),
            [[step, *(cell for one in courses for cell in one.cells(step))] for step in _STEPS],
            [
                Verdict("records of the second run / the first", course.share, MOST_EMITTED)
                for course in courses
                if course.share is not None
            ],
            [
                _MEANING.format(rounds=rounds, records=f"{courses[0].records:,}"),
                *(course.without_start for course in courses),
            ],
        )


class _Course:
    """What a pipeline has cost so far.

    Attributes:
        loader: Its target.
        records: How many records the first run loads.
        share: How many of them the second run emits, where that can be told.
    """

    def __init__(
        self, project: Project, loader: Loader, endpoint: Endpoint, empty: Endpoint
    ) -> None:
        self.loader = loader
        self.records = 0
        self.share: float | None = None
        self._project, self._endpoint, self._empty = project, endpoint, empty
        self._samples: dict[str, list[float]] = {step: [] for step in _STEPS}
        self._config = project.folder / f"{loader.name}.json"
        self._config.write_text(json.dumps(loader.definition["config"]), encoding="utf-8")

    def run(self, *, is_measured: bool) -> None:
        """Run the tap alone and the target alone; the pipeline over nothing, all, and changes."""
        loader, folder = self.loader, self._project.folder
        singer, state = folder / "tap.jsonl", folder / "state.jsonl"
        extract, load = [TAP], [self._project.program(loader.name, loader.name)]
        samples = [measure(extract, singer, env=environment(self._endpoint.url))]
        self.records = self._check("the tap", counts(singer))
        loader.clear()
        load += ["--config", str(self._config)]
        samples.append(measure(load, state, env=environment(), stdin=singer))
        self._check(loader.name, loader.landed(self._project))
        loader.clear()
        samples.append(self._pipeline("--no-state-update", endpoint=self._empty))
        loader.clear()
        samples.append(self._pipeline("--full-refresh"))
        first = self._check("the first run", loader.landed(self._project))
        self._endpoint.tell("change")
        samples.append(self._pipeline())
        if isinstance(loader, Jsonl):  # the other one replaces rows, so that none are added
            self.share = sum(loader.landed(self._project).values()) / first - 1
        if is_measured:
            for step, sample in zip(_STEPS, samples, strict=True):
                self._samples[step].append(sample.seconds)

    def cells(self, step: str) -> tuple[str, str]:
        """Tell the seconds of a step, and their share of the first run's."""
        seconds = self._median(step)
        return number(seconds), number(seconds / self._median(_FIRST))

    @property
    def without_start(self) -> str:
        """Compare the second run with the first, start-up apart."""
        start, first, second = map(self._median, (_START, _FIRST, _SECOND))
        apart = number(max(second - start, 0) / (first - start))  # what is small drowns in noise
        return (
            f"{self.loader.name}: without start-up the second run takes {apart} of the first "
            "one's time."
        )

    def _pipeline(self, *options: str, endpoint: Endpoint | None = None) -> Sample:
        blocks = ("run", EXTRACTOR, self.loader.name)
        return self._project.meltano(*blocks, *options, url=(endpoint or self._endpoint).url)

    def _median(self, step: str) -> float:
        return statistics.median(self._samples[step])

    def _check(self, program: str, found: Mapping[str, int]) -> int:
        wanted = {kind: amount for kind, amount in self._endpoint.catalog.objects.items() if amount}
        if any(found.get(kind) != amount for kind, amount in wanted.items()):
            raise BenchError(f"{program}: there are records {dict(found)}, not {wanted}")
        return sum(found.values())


def _incremental(key: str) -> dict[str, str]:
    return {"replication-method": "INCREMENTAL", "replication-key": key}


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
