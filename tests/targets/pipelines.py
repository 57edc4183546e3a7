"""Runs `meltano run` with this checkout's definitions, and keeps what the tap wrote."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit
from urllib.request import url2pathname

import yaml

from bench.processes import BIN, TAP, environment

if TYPE_CHECKING:
    from collections.abc import Mapping

Json: TypeAlias = dict[str, Any]

ROOT: Final = Path(__file__).resolve().parents[2]
# Where Meltano installs the loaders, once for this run and those that follow.
CACHE: Final = ROOT / ".targets"
TAP_NAME: Final = "tap-glue-metadata"
NEWEST: Final = "target-duckdb-newest"
SECONDS: Final = 300
# The tap of this checkout, whose output goes to a file too.
_TAP: Final = f"""#!/usr/bin/env bash
set -o pipefail
PYTHONPATH={ROOT} {TAP} "$@" | tee "$EMITTED"
"""


@dataclass(frozen=True)
class Run:
    """What became of a run.

    Attributes:
        code: Meltano's exit code.
        log: What it logged.
        messages: What the tap wrote, as far as it came.
    """

    code: int
    log: str
    messages: list[Json]

    @cached_property
    def schemas(self) -> dict[str, Json]:
        """The SCHEMA message of each stream, by its name in the output."""
        return {m["stream"]: m for m in self.messages if m["type"] == "SCHEMA"}

    @cached_property
    def records(self) -> Mapping[str, list[Json]]:
        """The records of each stream."""
        records: dict[str, list[Json]] = {stream: [] for stream in self.schemas}
        for message in self.messages:
            if message["type"] == "RECORD":
                records[message["stream"]].append(message["record"])
            elif message["type"] == "BATCH":
                for address in message["manifest"]:
                    lines = gzip.decompress(Path(url2pathname(urlsplit(address).path)).read_bytes())
                    records[message["stream"]] += map(json.loads, lines.splitlines())
        return records

    def key(self, stream: str, record: Json) -> tuple[str, ...]:
        """Return the primary key of a record, or of the row that came of it, as texts."""
        return tuple(str(record[name]) for name in self.schemas[stream]["key_properties"])


class Pipeline:
    """A Meltano project of its own, from the tap to one loader."""

    def __init__(self, folder: Path, loader: str) -> None:
        self._folder, self._loader = folder, loader
        content = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
        [extractor] = content["plugins"]["extractors"]
        del extractor["pip_url"]
        extractor["executable"] = str(folder / "tap.sh")
        loaders = content["plugins"]["loaders"]
        [duckdb] = [each for each in loaders if each["name"] == "target-duckdb"]
        loaders.append({**duckdb, "name": NEWEST, "pip_url": "target-duckdb duckdb"})
        (CACHE / "loaders").mkdir(parents=True, exist_ok=True)
        (folder / ".meltano").mkdir(parents=True)
        (folder / ".meltano" / "loaders").symlink_to(CACHE / "loaders")
        (folder / "meltano.yml").write_text(json.dumps(content), encoding="utf-8")
        (folder / "tap.sh").write_text(_TAP, encoding="utf-8")
        (folder / "tap.sh").chmod(0o755)

    def run(self, url: str, tap: Json, target: Json) -> Run:
        """Load what an endpoint holds.

        Args:
            url: The endpoint.
            tap: Settings of the tap.
            target: Settings of the target; with the same ones, runs share a state.
        """
        store = hashlib.sha256(json.dumps(target).encode()).hexdigest()
        emitted = self._folder / "emitted.singer"
        emitted.unlink(missing_ok=True)
        # The first run installs the loader, which one process must do alone.
        with (CACHE / f"{self._loader}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = subprocess.run(
                [BIN / "meltano", "run", f"--state-id-suffix={store}", TAP_NAME, self._loader],
                cwd=self._folder,
                env=environment(url)
                | {
                    "MELTANO_PROJECT_ROOT": str(self._folder),
                    "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
                    "NO_COLOR": "1",
                    "EMITTED": str(emitted),
                }
                | _variables(TAP_NAME, tap)
                | _variables(self._loader, target),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        written = emitted.read_bytes() if emitted.exists() else b""
        *lines, rest = written.split(b"\n")
        # Where a target fails, the end of the pipe cuts what `tee` was about to write.
        assert done.returncode or not rest
        return Run(done.returncode, done.stdout, [json.loads(line) for line in lines])


def _variables(plugin: str, settings: Json) -> dict[str, str]:
    """Spell settings as the environment variables that Meltano reads."""
    prefix = plugin.replace("-", "_").upper()
    return {
        f"{prefix}_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }
