"""Random faults among random catalogs, all from a seed.

A play is three runs of the tap into one target, over a catalog that changes in between. Faults
strike in the first two runs; the third finds the endpoint sound. Each run is held to what
invariant.py says. A seed fixes the catalogs, the settings and the faults; the order in which the
tap's threads come upon them is free.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, TypeAlias

from conftest import ACCOUNT, UnevenAws
from fake_aws import Role
from invariant import (
    DENIALS,
    ISSUES,
    LACKING,
    REFUSED,
    TYPO,
    Outcome,
    Run,
    Target,
    check,
    gaps_in,
)
from singer import catalog, make_tap
from worlds import STREAMS, World

from tap_glue_metadata.aws.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fake_aws import FakeAws
    from invariant import Gap
    from worlds import Json

Condition: TypeAlias = "Callable[[Json], bool]"
Runner: TypeAlias = "Callable[[Json, Json, Json | None], Outcome]"

SECONDS: Final = 60.0  # a run that takes longer hangs
OPERATIONS: Final = tuple(LACKING)
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/reader"
KEY: Final = "temporary"
TEMPORARY_KEYS: Final = dict.fromkeys(
    ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), KEY
)
HTML: Final = b"<!DOCTYPE html><title>Service Unavailable</title>"
_NO_ANSWER: Final = r"\(it is cut off, or does not come from AWS\)"
# Faults that pass: how the endpoint is told of each, and what a run says that it ends.
TRANSIENT: Final[Mapping[str, tuple[str, Json, str]]] = {
    "throttle": (
        "fail",
        {"code": "ThrottlingException", "message": "Rate exceeded"},
        "was throttled until its attempts ran out",
    ),
    "status 500": (
        "fail",
        {"code": "InternalServiceException", "status": 500},
        r"failed \(InternalServiceException\)",
    ),
    "status 503": (
        "respond",
        {"body": HTML, "status": 503, "content_type": "text/html"},
        r"failed \(503\)",
    ),
    "not JSON": ("respond", {"body": HTML, "content_type": "text/html"}, "not a JSON object"),
    "cut": ("drop", {"times": None}, "not a JSON object"),
    "truncated": ("truncate", {"times": None}, "not a JSON object"),
    "without its lists": ("strip", {"times": None}, _NO_ANSWER),
    "empty object": ("respond", {"body": b"{}"}, _NO_ANSWER),
    "error as a success": (
        "respond",
        {"body": b'{"__type": "AccessDeniedException", "message": "Forbidden"}'},
        _NO_ANSWER,
    ),
}
# botocore pays for each repeated call out of a quota, and repeats none when that is used up.
AFFORDABLE: Final = 25
_REPEATED: Final = "repeated token"


@dataclass(frozen=True)
class Plan:
    """How the tap is set up in a play."""

    settings: Json
    catalog: Json
    selected: frozenset[str]
    incremental: frozenset[str]
    hangs: bool

    @classmethod
    def draw(cls, endpoint: FakeAws, random: Random) -> Plan:
        """Draw a plan for an endpoint."""
        hangs = random.random() < 0.05
        # So short a time that botocore assumes the role anew for every call.
        endpoint.roles[ROLE] = Role(ACCOUNT, duration_seconds=300)
        settings = {
            "aws_endpoint_url": endpoint.url,
            "aws_regions": ["us-east-1", "eu-west-1"][: random.choice((1, 2))],
            "aws_retry_mode": "standard",  # whose pauses can be left out
            "aws_max_attempts": random.choice((3, 4, 5)),
            "concurrency": random.choice((1, 2, 4, 8, 16)),
            "emit_activate_version_messages": random.random() < 0.8,
            "on_access_denied": "fail" if random.random() < 0.1 else "skip",
            **random.choice(({}, {}, TEMPORARY_KEYS, {"aws_assume_role_arn": ROLE})),
            **({"include_databases": ["*", TYPO]} if random.random() < 0.15 else {}),
            **({"aws_read_timeout": 1} if hangs else {}),
        }
        selected = random.sample(list(STREAMS), random.choice((1, 3, 6, 6, 6, 6)))
        keyed = [stream for stream in selected if STREAMS[stream]]
        incremental = random.sample(keyed, random.choice((0, 0, len(keyed) // 2, len(keyed))))
        if random.random() < 0.6:
            selected.append(ISSUES)
        chosen = catalog(*selected)
        for entry in chosen["streams"]:
            if entry["tap_stream_id"] in incremental:
                key = STREAMS[entry["tap_stream_id"]]
                entry.update(replication_method="INCREMENTAL", replication_key=key)
        return cls(settings, chosen, frozenset(selected), frozenset(incremental), hangs)


@dataclass
class Fault:
    """A fault at the endpoint.

    Attributes:
        kind: What it is.
        where: What it strikes.
        reason: A pattern of what a run says that it ends.
        is_fatal: Whether a run that it strikes has to fail.
        struck: How often it has struck.
        evidence: How the errors begin that tell so, where requests do not.
    """

    kind: str
    where: str
    reason: str
    is_fatal: bool = False
    struck: int = 0
    evidence: str = ""

    def __str__(self) -> str:
        """Describe it."""
        return f"{self.name} at {self.where} ({self.struck} times)"

    @property
    def name(self) -> str:
        """What it is, and whether it lasts."""
        return f"{self.kind} for good" if self.is_fatal else self.kind

    def when(self, fits: Condition) -> Condition:
        """Count the requests that it strikes."""

        def strikes(params: Json) -> bool:
            is_struck = fits(params)
            self.struck += is_struck
            return is_struck

        return strikes


class Faults:
    """Puts faults into an endpoint, for one run.

    Attributes:
        all: The faults, denials and what vanishes apart: those can be seen in the calls.
    """

    def __init__(self, endpoint: UnevenAws, random: Random, plan: Plan, world: World) -> None:
        """Draw the faults."""
        self.all: list[Fault] = []
        self._endpoint, self._random, self._plan, self._world = endpoint, random, plan, world
        self._operations = [name for name in OPERATIONS if LACKING[name] & plan.selected]
        self._left = AFFORDABLE
        # Of the faults that fit a request the first one strikes.
        self._vanish()
        self._add_passing_ones()
        if random.random() < 0.4:
            self._add_fatal_one()
        self._deny()

    def _add(self, kind: str, where: str, reason: str, *, is_fatal: bool = False) -> Fault:
        self.all.append(Fault(kind, where, reason, is_fatal))
        return self.all[-1]

    def _add_transient(self, kind: str, operation: str, when: Condition, **options: bool) -> None:
        method, arguments, reason = TRANSIENT[kind]
        fault = self._add(kind, operation, reason, **options)
        getattr(self._endpoint, method)(operation, when=fault.when(when), **arguments)

    def _add_passing_ones(self) -> None:
        """Let some calls fail, each less often than it is tried."""
        hung = self._random.choice(self._operations) if self._plan.hangs else ""
        for operation in [name for name in self._operations if self._random.random() < 0.6]:
            left = self._plan.settings["aws_max_attempts"] - 1 - (operation == hung)
            while left > 0 and self._random.random() < 0.8:
                times = self._random.randint(1, left)
                left -= times
                requests = self._some_requests(times, self._random.choice((0.1, 0.3, 1.0)))
                self._add_transient(self._random.choice(list(TRANSIENT)), operation, requests)
        if hung:
            fault = self._add("hang", hung, "Read timeout")
            self._endpoint.hang(hung, 1.5, when=fault.when(lambda _: True))
        if "aws_assume_role_arn" in self._plan.settings and self._random.random() < 0.3:
            fault = self._add("throttle", "AssumeRole", "")
            self._endpoint.fail(
                "AssumeRole", "Throttling", when=fault.when(lambda _: True), times=2
            )

    def _some_requests(self, times: int, share: float) -> Condition:
        """Fit each request of a share so many times; which ones does not depend on their order."""
        salt = self._random.random()
        struck: Counter[str] = Counter()

        def fits(params: Json) -> bool:
            request = f"{salt} {json.dumps(params, sort_keys=True)}"
            is_chosen = Random(request).random() < share  # noqa: S311 - no secret
            if not is_chosen or struck[request] == times or not self._left:
                return False
            struck[request] += 1
            self._left -= 1
            return True

        return fits

    def _one_request(self, fits: Condition = lambda _: True) -> Condition:
        """Fit one request and its repetitions: the n-th of those that a condition fits."""
        left = self._random.choice((1, 1, 2, 3))
        chosen: Json | None = None

        def is_it(params: Json) -> bool:
            nonlocal left, chosen
            if chosen is None and fits(params):
                left -= 1
                chosen = None if left else params
            return params == chosen

        return is_it

    def _add_fatal_one(self) -> None:
        """Let one call fail for good."""
        kinds: list[Callable[[str], None]]
        kinds = [self._outlast, self._outlast, self._refuse_input]
        kinds += [self._expire_token, self._expire_token, self._repeat_token]
        if "aws_session_token" in self._plan.settings:
            kinds += [self._expire_key] * 2
        if "aws_assume_role_arn" in self._plan.settings:
            kinds += [self._lose_role] * 2
        self._random.choice(kinds)(self._random.choice(self._operations))

    def _outlast(self, operation: str) -> None:
        kind = self._random.choice(list(TRANSIENT))
        fits: Condition = lambda _: True  # noqa: E731 - the usual one
        if kind in ("cut", "truncated", "without its lists"):
            # What is answered with an error is not cut: the endpoint must know what is asked for.
            operation = self._random.choice(("GetDatabases", "GetJobs", "ListWorkflows"))
            fits = partial(_asks_for, CatalogId=ACCOUNT) if operation == "GetDatabases" else fits
        self._add_transient(kind, operation, self._one_request(fits), is_fatal=True)

    def _refuse_input(self, operation: str) -> None:
        reason = r"failed \(InvalidInputException\)"
        fault = self._add("invalid input", operation, reason, is_fatal=True)
        when = fault.when(self._one_request())
        self._endpoint.fail(operation, "InvalidInputException", message="No.", when=when)

    def _expire_token(self, operation: str) -> None:
        fault = self._add("expired token", operation, "NextToken has expired", is_fatal=True)
        when = fault.when(self._one_request(_has_token))
        expire = self._endpoint.expire_token
        self._endpoint.meanwhile(operation, lambda p: expire(p["NextToken"]), when=when)

    def _repeat_token(self, operation: str) -> None:
        if operation != "BatchGetWorkflows":
            self._add(_REPEATED, operation, "repeated a page token", is_fatal=True)
            self._endpoint.repeat_token.add(operation)

    def _expire_key(self, operation: str) -> None:
        fault = self._add("expired key", operation, "session token has expired", is_fatal=True)
        fault.evidence = "ExpiredTokenException"
        when = self._one_request()
        self._endpoint.meanwhile(operation, lambda _: self._endpoint.expire_key(KEY), when=when)

    def _lose_role(self, _: str) -> None:
        fault = self._add("lost role", "AssumeRole", "could not be refreshed", is_fatal=True)
        left = self._random.choice((5, 10, 30))

        def is_lost(_: Json) -> bool:
            nonlocal left
            left -= 1
            return left < 0

        when = fault.when(is_lost)
        self._endpoint.fail("AssumeRole", "AccessDenied", status=403, when=when)

    def _deny(self) -> None:
        """Refuse single units, or a region."""
        units = list(self._units())
        for _ in range(self._random.choice((0, 0, 1, 2, 4))):
            operation, fits = self._random.choice(units)
            code, text = self._random.choice(DENIALS)
            # The two lists of catalogs do not end at the same page: see tests/test_denials.py.
            if operation != "GetCatalogs" and self._random.random() < 0.2:
                fits = partial(_is_late, fits)
            self._endpoint.fail(operation, code, message=text, when=fits)
        regions = self._plan.settings["aws_regions"]
        if len(regions) > 1 and self._random.random() < 0.15:
            if self._random.random() < 0.5:
                self._endpoint.closed.add((ACCOUNT, regions[1]))
            else:
                self._endpoint.disabled.add(regions[1])

    def _units(self) -> Iterator[tuple[str, Condition]]:
        """Give the operations that can be refused, and for what."""
        for operation in ("GetCatalogs", "GetJobs", "ListWorkflows"):
            yield operation, lambda _: True
        rows = self._world.rows()
        for _, _, catalog_id in rows["catalogs"]:
            yield "GetDatabases", partial(_asks_for, CatalogId=catalog_id)
        for _, _, catalog_id, name in rows["databases"]:
            yield "GetTables", partial(_asks_for, CatalogId=catalog_id, DatabaseName=name)
        for _, _, name in rows["workflows"]:
            yield "BatchGetWorkflows", partial(_names, name)

    def _vanish(self) -> None:
        """Let an object go between the time it is listed and the time it is asked for.

        It is the last of its list: the fake's tokens are positions, and if another one went, one
        behind it would move out of the next page.
        """
        store = self._random.choice(self._world.stores)
        kind = self._random.choice(("nothing", "nothing", "database", "catalog", "workflow"))
        catalogs, workflows = store.catalogs or [], store.items["BatchGetWorkflows"]
        if kind == "database" and (databases := store.databases.get(ACCOUNT)):
            name = databases[-1]["Name"]
            asks = partial(_asks_for, CatalogId=ACCOUNT, DatabaseName=name)
            self._endpoint.meanwhile("GetTables", lambda _: store.remove_database(name), when=asks)
        elif kind == "catalog" and len(catalogs) > 1:
            nested = catalogs[-1]["CatalogId"]
            asks = partial(_asks_for, CatalogId=nested)
            self._endpoint.meanwhile(
                "GetDatabases", lambda _: store.remove_catalog(nested), when=asks
            )
        elif kind == "workflow" and workflows:
            asks = partial(_names, workflows[-1]["Name"])
            self._endpoint.meanwhile("BatchGetWorkflows", lambda _: workflows.pop(), when=asks)


def _asks_for(params: Json, **wanted: str) -> bool:
    return params.items() >= wanted.items()


def _names(name: str, params: Json) -> bool:
    return name in params["Names"]


def _has_token(params: Json) -> bool:
    return "NextToken" in params


def _is_late(fits: Condition, params: Json) -> bool:
    """Fit only what is asked for in the midst of a list."""
    return fits(params) and ("Names" in params or _has_token(params))


class _Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextmanager
def _warnings() -> Iterator[list[str]]:
    handler, logger = _Warnings(), logging.getLogger("tap-glue-metadata")
    logger.addHandler(handler)
    try:
        yield handler.texts
    finally:
        logger.removeHandler(handler)


def in_process(settings: Json, chosen: Json, state: Json | None) -> Outcome:
    """Run the tap in a thread of this process, which may not hang, and wait for its workers."""
    before = set(threading.enumerate())
    tap, messages = make_tap(settings, chosen, state)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            tap.sync_all()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    with _warnings() as warnings:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(SECONDS)
        assert not thread.is_alive(), f"the run hangs after {len(messages.all)} messages"
        _wait_for_threads(before)
    for error in errors:
        if not isinstance(error, TapError):
            raise error
    return Outcome(messages.all, warnings, str(errors[0]) if errors else None)


def _wait_for_threads(before: set[threading.Thread]) -> None:
    """Let calls in flight end, which a run that failed does not wait for; the next one begins."""
    deadline = time.monotonic() + SECONDS
    while threads := [
        thread
        for thread in set(threading.enumerate()) - before
        if "process_request" not in thread.name  # the endpoint's, one for each connection
    ]:
        assert time.monotonic() < deadline, f"{threads} survive their run"
        threading.Event().wait(0.001)


# The command, less the pauses before a call is repeated.
_COMMAND: Final = """
import time
time.sleep = lambda _: None
from tap_glue_metadata.tap import TapGlueMetadata
TapGlueMetadata.cli()
"""


def by_command(settings: Json, chosen: Json, state: Json | None) -> Outcome:
    """Run the tap as a command, in a process of its own."""
    command = [sys.executable, "-c", _COMMAND]
    with tempfile.TemporaryDirectory() as folder:
        for option, content in (("config", settings), ("catalog", chosen), ("state", state)):
            if content is not None:
                file = Path(folder, option)
                file.write_text(json.dumps(content), encoding="utf-8")
                command += [f"--{option}", str(file)]
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False
        )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout.endswith("\n") or not done.stdout, "the output ends in the midst of a line"
    logged = re.findall(r"\| (\w+) +\| (\S+) +\| (.*)", done.stderr)
    errors = [text for level, _, text in logged if level in ("ERROR", "CRITICAL")]
    assert (done.returncode, len(errors)) in ((0, 0), (1, 1)), done.stderr
    warnings = [
        text for level, name, text in logged if level == "WARNING" and name == "tap-glue-metadata"
    ]
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    return Outcome(messages, warnings, errors[0] if errors else None)


@dataclass
class Summary:
    """What plays came to: how their runs ended, and how many runs each kind of fault struck."""

    ends: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)

    def end(self, outcome: Outcome, gaps: list[Gap]) -> None:
        """Take in how a run has ended."""
        failed = outcome.error is not None
        self.ends["failed" if failed else "incomplete" if gaps else "complete"] += 1

    def add(self, run: Run, faults: list[Fault]) -> None:
        """Take in one run."""
        self.end(run.outcome, run.gaps)
        self.struck.update({fault.name for fault in faults if fault.struck})
        if run.gaps:
            self.struck["denial"] += 1
        if run.before != run.after:
            self.struck["vanished object"] += 1


def play(seed: int, summary: Summary, runner: Runner = in_process) -> None:
    """Play a seed.

    Args:
        seed: Any number.
        summary: Takes in what comes of it.
        runner: How to run the tap.

    Raises:
        AssertionError: A run broke a rule; tells what there is to know of it.
    """
    random = Random(seed)  # noqa: S311 - no secret
    with UnevenAws() as endpoint:
        plan = Plan.draw(endpoint, random)
        endpoint.page_size = random.choice((None, 1, 2, 5))
        endpoint.empty_pages = random.random() < 0.2
        endpoint.overlap = random.random() < 0.2
        world, target = World(endpoint, random, plan.settings["aws_regions"]), Target()
        state: Json | None = None
        for number in (1, 2, 3):
            endpoint.know(KEY, KEY)
            faults = Faults(endpoint, random, plan, world).all if number < 3 else []
            try:
                run = _run(endpoint, plan, faults, world, target, state, runner)
                check(run, target)
            except Exception as error:
                struck = "; ".join(map(str, faults)) or "none"
                told = f"seed {seed}, run {number}: {error}\nplan: {plan.settings}"
                told += f", {sorted(plan.selected)}, INCREMENTAL {sorted(plan.incremental)}"
                raise AssertionError(f"{told}\nfaults: {struck}") from error
            summary.add(run, faults)
            state = run.outcome.state or state
            endpoint.heal()
            endpoint.closed.clear()
            endpoint.disabled.clear()
            world.change()


def _run(  # noqa: PLR0913, PLR0917 - a run has that many sides
    endpoint: FakeAws,
    plan: Plan,
    faults: list[Fault],
    world: World,
    target: Target,
    state: Json | None,
    runner: Runner,
) -> Run:
    before, kept, since = world.rows(), target.copy(), len(endpoint.calls)
    outcome = runner(plan.settings, plan.catalog, state)
    target.take(outcome)
    calls = endpoint.calls[since:]
    for fault in faults:
        if fault.evidence:
            fault.struck = sum(call.error.startswith(fault.evidence) for call in calls)
        elif fault.kind == _REPEATED:  # seen by a call that has a token, unless it ends in a denial
            last = {
                (call.account_id, call.region, json.dumps(call.params)): call
                for call in calls
                if call.operation == fault.where and _has_token(call.params)
            }
            fault.struck = sum(not call.error for call in last.values())
    struck = [fault for fault in faults if fault.struck]
    gaps = gaps_in(calls)
    reasons = [fault.reason for fault in struck if fault.reason]
    must_fail = [str(fault) for fault in struck if fault.is_fatal]
    if plan.settings["on_access_denied"] == "fail":
        reasons += [rf"\({code}\)" for code in (*dict(DENIALS), REFUSED)]
        must_fail += map(str, gaps)
    return Run(
        settings=plan.settings,
        selected=plan.selected,
        incremental=plan.incremental,
        reasons=reasons,
        must_fail=must_fail,
        gaps=gaps,
        before=before,
        after=world.rows(),
        kept=kept,
        state=state,
        outcome=outcome,
    )
