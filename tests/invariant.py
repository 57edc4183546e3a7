"""What every run of the tap has to keep to, checked against what the endpoint holds.

- No record comes twice, nor one of what the endpoint never held.
- What the endpoint still holds is never taken for deleted, nor a change for one that was read.
- A run that ends well has brought all that could be read, and has named all the rest.
- A run that fails had to, and says why in one line.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from conftest import ACCOUNT
from worlds import STREAMS

from tap_glue_metadata.engine.outcomes import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from fake_aws import Call
    from worlds import Json, Key, Row, Rows

Kept: TypeAlias = "dict[str, dict[Key, tuple[int | None, str | None]]]"

ISSUES: Final = "extraction_issues"
LAKE_FORMATION: Final = "Insufficient Lake Formation permission(s): Required Describe"
DENIALS: Final = (
    ("AccessDeniedException", "Not authorized."),
    ("EntityNotFoundException", LAKE_FORMATION),
    ("FederationSourceException", "The source cannot be reached."),
    ("GlueEncryptionException", "The key cannot be used."),
)
# To be switched on when the tap makes good, in an INCREMENTAL run, for the catalogs of which a run
# before could tell no more than the id.
BARE_CATALOGS_ARE_READ_ANEW: Final = False
_SCOPE: Final = ("account_id", "region")
# Matches no database: a run with it must take none for deleted, nor what is in them.
TYPO: Final = "typo_*"
REFUSED: Final = "UnrecognizedClientException"
# The streams that lack something when an operation is denied.
LACKING: Final[Mapping[str, frozenset[str]]] = {
    "GetCatalogs": frozenset({"catalogs", "databases", "tables", "columns"}),
    "GetDatabases": frozenset({"databases", "tables", "columns"}),
    "GetTables": frozenset({"tables", "columns"}),
    "GetJobs": frozenset({"jobs"}),
    "ListWorkflows": frozenset({"workflows"}),
    "BatchGetWorkflows": frozenset({"workflows"}),
}


class Gap(NamedTuple):
    """What the endpoint refused: an operation in a place, or a whole region (`operation` is "").

    Attributes:
        names: The workflows that were asked for together.
    """

    region: str
    operation: str
    catalog_id: str
    database_name: str
    names: tuple[str, ...]

    @property
    def lacking(self) -> Collection[str]:
        """The streams that lack something for it."""
        return LACKING.get(self.operation, STREAMS)

    def hides(self, stream: str, key: Key) -> bool:
        """Tell whether a row of a stream could not be read, or perhaps not."""
        if stream not in self.lacking or key[1] != self.region:
            return False
        if self.operation == "BatchGetWorkflows":
            return self.names == (key[2],)  # those of a batch are asked for again, one by one
        if self.operation == "GetCatalogs":
            return bool(key[2] != ACCOUNT)
        place = zip((self.catalog_id, self.database_name), key[2:4], strict=False)
        return all(mine in ("", theirs) for mine, theirs in place)


def gaps_in(calls: Iterable[Call]) -> list[Gap]:
    """Return what the endpoint refused in a run, each once."""
    codes = tuple(f"{code}: {text}" for code, text in DENIALS)
    closed = "AccessDeniedException: User"  # of the fake whose regions can be closed
    gaps = []
    for call in calls:
        if call.error.startswith(REFUSED):
            gaps.append(Gap(call.region, "", "", "", ()))
        elif call.service == "glue" and call.error.startswith((*codes, closed)):
            catalog_id, database_name, names = (
                call.params.get(name, "") for name in ("CatalogId", "DatabaseName", "Names")
            )
            gap = Gap(call.region, call.operation, catalog_id, database_name, tuple(names))
            gaps.append(gap)
    return list(dict.fromkeys(gaps))


class Target:
    """A target as plain as can be: keeps a row for each key, and drops old ones when told so.

    Attributes:
        kept: By stream and key, the version and the text of each row.
    """

    def __init__(self) -> None:
        self.kept: Kept = {}

    def take(self, outcome: Outcome) -> None:
        """Do as the messages of a run say."""
        for message in outcome.messages:
            rows = self.kept.setdefault(message.get("stream", ""), {})
            if message["type"] == "RECORD":
                field = "comment" if message["stream"] == "columns" else "description"
                rows[message["key"]] = message.get("version"), message["record"].get(field)
            elif message["type"] == "ACTIVATE_VERSION":
                for key in [key for key, row in rows.items() if row[0] != message["version"]]:
                    del rows[key]

    def copy(self) -> Kept:
        """Return what it keeps now."""
        return {stream: dict(rows) for stream, rows in self.kept.items()}


@dataclass(frozen=True)
class Outcome:
    """What came of a run of the tap.

    Attributes:
        messages: What it wrote; each record's message is given the `key` that its schema names.
        warnings: What the walk warned of.
        error: The line in which it failed, if it did.
    """

    messages: list[Json]
    warnings: list[str]
    error: str | None = None

    def __post_init__(self) -> None:
        """Find out the keys."""
        keys: dict[str, list[str]] = {}
        for message in self.messages:
            if message["type"] == "SCHEMA":
                assert message["stream"] not in keys, f"second SCHEMA of {message['stream']}"
                keys[message["stream"]] = message["key_properties"]
            elif message["type"] == "RECORD":
                message["key"] = tuple(message["record"][name] for name in keys[message["stream"]])

    @property
    def state(self) -> Json | None:
        """The last state that it wrote."""
        states = [message["value"] for message in self.messages if message["type"] == "STATE"]
        return states[-1] if states else None

    def of(self, kind: str, stream: str) -> list[Json]:
        """Return the messages of a type and a stream."""
        return [m for m in self.messages if m["type"] == kind and m.get("stream") == stream]

    def keys(self, stream: str) -> set[Key]:
        """Return the keys of a stream's records."""
        return {message["key"] for message in self.of("RECORD", stream)}


@dataclass(frozen=True)
class Run:
    """One run, and all that it is held against.

    Attributes:
        settings: The tap's.
        selected: The streams that it was to read.
        incremental: Those of them that are INCREMENTAL.
        reasons: Patterns, one of which the error of a failure matches.
        must_fail: Why the run has to fail, if it has to.
        gaps: What the endpoint refused.
        before: What the endpoint held when it began.
        after: What the endpoint held when it ended.
        kept: What the target kept when it began.
        state: The state that it was given.
        outcome: What came of it.
    """

    settings: Json
    selected: frozenset[str]
    incremental: frozenset[str]
    reasons: list[str]
    must_fail: list[str]
    gaps: list[Gap]
    before: Rows
    after: Rows
    kept: Kept
    state: Json | None
    outcome: Outcome

    @property
    def streams(self) -> list[str]:
        """The streams that it was to read, the one that tells of it apart."""
        return [stream for stream in STREAMS if stream in self.selected]

    @property
    def leaders(self) -> list[str]:
        """The streams that have a pass of their own."""
        leads = "tables" not in self.selected
        return [stream for stream in self.streams if leads or stream != "columns"]

    def is_whole(self, stream: str) -> bool:
        """Tell whether nothing of a stream was refused."""
        return not any(stream in gap.lacking for gap in self.gaps)

    def may_delete(self, stream: str) -> bool:
        """Tell whether what a stream does not bring is no longer there."""
        has_typo = TYPO in self.settings.get("include_databases", ())
        return self.is_whole(stream) and not (
            has_typo and stream in {"databases", "tables", "columns"}
        )

    def due(self, stream: str) -> dict[Key, Row]:
        """Return the rows of a stream that can be read."""
        gaps = [gap for gap in self.gaps if stream in gap.lacking]
        rows = self.after[stream].items()
        return {key: row for key, row in rows if not any(gap.hides(stream, key) for gap in gaps)}


def check(run: Run, target: Target) -> None:
    """Hold a run against what the endpoint holds, and so the target, which has taken its messages.

    Raises:
        AssertionError: The run broke a rule.
    """
    _check_end(run)
    for stream in run.streams:
        kept = target.kept.get(stream, {})
        _check_records(run, stream)
        _check_nothing_is_lost(run, stream, kept)
        _check_version(run, stream)
        _check_bookmark(run, stream, kept)
        if run.outcome.error is None:
            _check_all_arrived(run, stream, kept)
    if run.outcome.error is None:
        _check_warnings(run)
    if run.outcome.error is None and ISSUES in run.selected:
        _check_issues(run)


def _some(items: Iterable[Any]) -> str:
    found = sorted(map(str, items))
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def _check_end(run: Run) -> None:
    error = run.outcome.error
    if error is None:
        assert not run.must_fail, f"the run ended well in spite of {_some(run.must_fail)}"
    elif error.startswith("Nothing could be read, all was denied"):
        assert run.gaps
        read = {message["stream"] for message in run.outcome.messages if "key" in message}
        # The default catalog is there, whatever is denied.
        assert read <= {"catalogs", ISSUES}, f"it is said that nothing was read, but for {read}"
    else:
        assert run.must_fail, f"the run failed without need: {error}"
        assert "\n" not in error
        assert any(re.search(reason, error) for reason in run.reasons), f"why this? {error}"


def _check_records(run: Run, stream: str) -> None:
    counts = Counter(message["key"] for message in run.outcome.of("RECORD", stream))
    doubled = [key for key, count in counts.items() if count > 1]
    assert not doubled, f"{stream}: came twice: {_some(doubled)}"
    unknown = counts.keys() - run.before[stream].keys() - run.after[stream].keys()
    assert not unknown, f"{stream}: never were there: {_some(unknown)}"


def _check_nothing_is_lost(run: Run, stream: str, kept: Mapping[Key, Any]) -> None:
    lost = (run.kept.get(stream, {}).keys() & run.after[stream].keys()) - kept.keys()
    assert not lost, f"{stream}: taken for deleted: {_some(lost)}"


def _check_version(run: Run, stream: str) -> None:
    """A version is activated once, by a pass that is whole, after its last record."""
    told = run.outcome.of("ACTIVATE_VERSION", stream)
    is_versioned = run.settings["emit_activate_version_messages"]
    may = is_versioned and stream not in run.incremental and run.may_delete(stream)
    must = may and run.outcome.error is None
    assert must <= len(told) <= may, f"{stream}: {len(told)} ACTIVATE_VERSION, may: {may}"
    if told:
        own = [message for message in run.outcome.messages if message.get("stream") == stream]
        assert own[-1] is told[0], f"{stream}: ACTIVATE_VERSION before the last record"
        assert {message.get("version") for message in own[1:]} == {told[0]["version"]}
        missing = run.due(stream).keys() - run.outcome.keys(stream)
        assert not missing, f"{stream}: activated without {_some(missing)}"


def _check_bookmark(run: Run, stream: str, kept: Mapping[Key, tuple[Any, str | None]]) -> None:
    """Bookmarks never move back, and hide nothing that has not arrived."""
    old, new = _bookmarks(run.state, stream), _bookmarks(run.outcome.state or run.state, stream)
    if stream not in run.incremental:
        assert new == old, f"{stream}: the bookmarks moved from {old!r} to {new!r}"
        return
    for context in old.keys() & new.keys():
        if len(context) == len(_SCOPE):
            moved = f"{stream}: the bookmark moved back from {old[context]!r} to {new[context]!r}"
            assert new[context] >= old[context], moved
    hidden = [
        key
        for key in _behind(run, stream, kept)
        if (changed := run.after[stream][key].changed) is not None
        and _since(new, stream, key) > _text_of(changed)
    ]
    assert not hidden, f"{stream}: the bookmark passed {_some(hidden)}"
    if run.outcome.error is None and run.is_whole(stream):
        for key, row in run.due(stream).items():
            reached = new.get((("account_id", key[0]), ("region", key[1])), "")
            assert row.changed is None or reached >= _text_of(row.changed), f"{stream}: {reached!r}"


def _since(marks: Mapping[Any, str], stream: str, key: Key) -> str:
    """Return the bookmark that a row is under: that of the smallest thing that has one."""
    names = ["account_id", "region", "catalog_id", "database_name"]
    parts = list(zip(names, key, strict=False))
    if stream in {"jobs", "workflows"}:
        parts[2] = ("name", f"Workflows/{key[2]}")
    around = [tuple(parts[:size]) for size in (4, 3, 2)]
    if stream in {"tables", "columns"} and key[2] != ACCOUNT:
        around.insert(2, (*parts[:2], ("catalog_id", "*")))
    return next((marks[one] for one in around if one in marks), "")


def _text_of(changed: float) -> str:
    time = datetime.fromtimestamp(changed, tz=timezone.utc)
    return time.isoformat(timespec="microseconds")


def _bookmarks(state: Json | None, stream: str) -> dict[Any, str]:
    """Return the bookmarks of a stream by what they are about."""
    own = (state or {}).get("bookmarks", {}).get(stream, {})
    return {
        tuple(partition["context"].items()): partition.get("replication_key_value", "")
        for partition in own.get("partitions", ())
    }


def _behind(run: Run, stream: str, kept: Mapping[Key, tuple[Any, str | None]]) -> list[Key]:
    """Return the rows that are not in the target, or not as they are now."""
    # Of a catalog that could not be listed no more is known than its id.
    may_be_bare = stream == "catalogs" and (
        not run.is_whole(stream) or (stream in run.incremental and not BARE_CATALOGS_ARE_READ_ANEW)
    )
    bare = {key for key, (_, text) in kept.items() if may_be_bare and text is None}
    texts = {key: text for key, (_, text) in kept.items()}
    return [
        key
        for key, row in run.due(stream).items()
        if key not in texts or (texts[key] != row.text and key not in bare)
    ]


def _check_all_arrived(run: Run, stream: str, kept: Mapping[Key, tuple[Any, str | None]]) -> None:
    behind = _behind(run, stream, kept)
    assert not behind, f"{stream}: did not arrive: {_some(behind)}"
    if stream not in run.incremental:
        due, keys = run.due(stream).keys(), run.outcome.keys(stream)
        assert due <= keys, f"{stream}: not read anew: {_some(due - keys)}"
        assert not run.outcome.of("ACTIVATE_VERSION", stream) or kept.keys() == keys


def _check_warnings(run: Run) -> None:
    """Each unit that could not be read is named in one warning, and nothing else is."""
    expected = {_warning(gap) for gap in _units(run.gaps)}
    for text in expected:
        told = [warning for warning in run.outcome.warnings if text in warning]
        assert len(told) == 1, f"{text!r} is told by {told}"
    rest = [w for w in run.outcome.warnings if not any(text in w for text in expected)]
    idle = [warning for warning in rest if warning.startswith("Setting 'include_databases': ")]
    rest = [warning for warning in rest if warning not in idle]
    leaders = {"databases", "tables", "columns"} & {*run.leaders}
    must_tell = any(run.is_whole(stream) and not run.may_delete(stream) for stream in leaders)
    assert any(repr(TYPO) in warning for warning in idle) == must_tell, f"of patterns: {idle}"
    count = f"{counted(len(expected), 'unit')} could not be read: the run is incomplete"
    assert rest == ([count] if expected else []), f"also told: {rest}"


def _check_issues(run: Run) -> None:
    """There is a row for each unit that could not be read, and each stream that lacks it."""
    expected = {
        # The operation that a region refuses first is any.
        (ACCOUNT, gap.region, stream, gap.operation and f"glue:{gap.operation}", _resource(gap))
        for gap in _units(run.gaps)
        for stream in run.leaders
        if stream in gap.lacking
    }
    regions = {gap.region for gap in run.gaps if not gap.operation}
    found = set()
    for account, region, stream, action, resource in run.outcome.keys(ISSUES):
        is_region = region in regions and resource == "*"
        found.add((account, region, stream, "" if is_region else action, resource))
    assert found == expected, (
        f"{ISSUES}: {_some(found - expected)}; lacks {_some(expected - found)}"
    )


def _units(gaps: Iterable[Gap]) -> list[Gap]:
    """Leave out what does not count by itself.

    Workflows are asked for in batches, and one by one if a batch is refused: only if each is
    refused, too, it is the batch that counts.
    """
    singly = {(gap.region, name) for gap in gaps for name in gap.names if len(gap.names) == 1}
    batches = {gap for gap in gaps if len(gap.names) > 1}
    whole = {g for g in batches if all((g.region, name) in singly for name in g.names)}
    covered = {(gap.region, (name,)) for gap in whole for name in gap.names}
    dropped = batches - whole
    return [g for g in gaps if g not in dropped and (g.region, g.names) not in covered]


def _resource(gap: Gap) -> str:
    parts = [("catalog", gap.catalog_id), ("database", gap.database_name)]
    if len(gap.names) == 1:
        parts.append(("Workflows", gap.names[0]))
    return "/".join(f"{kind}/{name}" for kind, name in parts if name) or "*"


def _warning(gap: Gap) -> str:
    """Return words that only the warning of this gap has."""
    scope = f"account {ACCOUNT}, region {gap.region}"
    if not gap.operation:
        return f"Skipped in {scope}: AWS refuses"
    if gap.names:
        what = f" {_resource(gap)}" if len(gap.names) == 1 else ""
        return f"Skipped{what} in {scope}: glue:{gap.operation} for "
    names = (("CatalogId", gap.catalog_id), ("DatabaseName", gap.database_name))
    where = [f"{name} {value}" for name, value in names if value]
    return f"glue:{gap.operation} for {', '.join([*where, f'region {gap.region} '])}"
