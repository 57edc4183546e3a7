"""Units of reading, what became of them, and what a run does about what it cannot read.

A *unit* is what one listing covers: an account and region for jobs and the like, a catalog for
databases, a database for tables and all that is below them. Each pass over a stream has one
*outcome* for each unit that it came to: whether it was read wholly, how many objects and calls it
took, and when. What could not be read is an *issue*, with one warning, however many streams lack
it; issues decide over bookmarks, versions and the exit code.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from tap_glue_metadata.aws.errors import AwsError
from tap_glue_metadata.redaction import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_glue_metadata.aws.errors import TapError
    from tap_glue_metadata.aws.scopes import Unopened
    from tap_glue_metadata.engine.context import Context

LOGGER: Final = logging.getLogger("tap-glue-metadata")

EVERYTHING: Final = "*"
"""The region, or the resource, of an issue that takes in all of them."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What one listing covers; or, with a name, a single object of it.

    Attributes:
        account_id: The account; `unknown` where not even that could be asked.
        region: The region; `*` for all of the account's.
        catalog_id: The catalog, if it is in one.
        database_name: The database, if it is in one.
        name: What tells the object, such as `Workflows/nightly`, if it is a single one.
    """

    account_id: str
    region: str
    catalog_id: str | None = None
    database_name: str | None = None
    name: str | None = None

    @classmethod
    def of(cls, context: Context) -> Unit:
        """Return the unit that a context is in."""
        scope, bound = context.scope, context.bound
        return cls(
            scope.account_id, scope.region, bound.get("CatalogId"), bound.get("DatabaseName")
        )

    @property
    def scope(self) -> Unit:
        """The account and region that the unit is in, as a unit."""
        return Unit(self.account_id, self.region)

    def around(self) -> Iterator[Unit]:
        """Yield what the unit is in, the smallest first and itself before it."""
        yield self
        yield replace(self, name=None)
        yield replace(self.scope, catalog_id=self.catalog_id)
        if self.catalog_id not in {None, self.account_id}:  # the default catalog is always known
            yield replace(self.scope, catalog_id=EVERYTHING)
        yield self.scope

    @property
    def resource(self) -> str:
        """The path of the unit in its account and region."""
        parts = (
            self.catalog_id and f"catalog/{self.catalog_id}",
            self.database_name and f"database/{self.database_name}",
            self.name,
        )
        return "/".join(filter(None, parts)) or EVERYTHING


@dataclass(eq=False, slots=True)
class Outcome:
    """What became of a unit in a pass.

    Attributes:
        unit: The unit.
        started_at: When it was begun, in UTC.
        completed_at: When its last listing ended, if it has.
        missing: What of it was left out: units, single objects, or the unit itself.
        objects: How many objects were read.
        elsewhere: How many of them are in another unit, such as databases that an account shares.
        parents: How many objects were found that led on.
        emitted: How many records were written, by stream.
        calls: How many calls it took, retries apart.
        retries: How many times a call was repeated.
        throttled: How many times a call was throttled.
        replaced: How many characters were replaced, since no text may hold them.
        repeated: How many objects came twice, and were dropped.
        listings: How many listings are still under way.
        unwritten: How many pages are still to be written.
    """

    unit: Unit
    started_at: datetime = field(default_factory=lambda: datetime.now(tz=timezone.utc))
    completed_at: datetime | None = None
    missing: set[Unit] = field(default_factory=set)
    objects: int = 0
    elsewhere: int = 0
    parents: int = 0
    emitted: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    retries: int = 0
    throttled: int = 0
    replaced: int = 0
    repeated: int = 0
    listings: int = 0
    unwritten: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out so far."""
        return not self.missing

    @property
    def is_written(self) -> bool:
        """Whether all of it was read and written."""
        return self.completed_at is not None and not self.unwritten

    def end_listing(self) -> bool:
        """Note that a listing has ended; tell whether it was the last one."""
        self.listings -= 1
        if self.listings:
            return False
        self.completed_at = datetime.now(tz=timezone.utc)
        return True


@dataclass(frozen=True, slots=True)
class Issue:
    """A unit, or an object of it, that a stream lacks.

    Attributes:
        account_id: As in the unit.
        region: As in the unit.
        stream: The stream that lacks it.
        operation: The operation that failed, as an IAM action such as `glue:GetTables`.
        resource: What is missing, such as `catalog/123456789012/database/sales`; `*` for all.
        catalog_id: As in the unit.
        database_name: As in the unit.
        error_code: AWS's code.
        message: The warning that was given.
        observed_at: When it was met, as ISO 8601.
    """

    account_id: str
    region: str
    stream: str
    operation: str
    resource: str
    catalog_id: str | None
    database_name: str | None
    error_code: str | None
    message: str
    observed_at: str


class Outcomes:
    """What a run has come to: issues, warnings, and what is told at its end.

    Attributes:
        unopened: Accounts and regions that the credentials may not open, and why.
        has_answered: Whether anything that a stream asked for was answered.
        streams: The streams that are read, in the order of the run.
    """

    def __init__(self, unopened: Iterable[Unopened] = (), *, skip: bool = True) -> None:
        """Begin a run.

        Args:
            unopened: Accounts and regions that the credentials may not open, and why.
            skip: Whether to go on where something cannot be read.
        """
        self.unopened = tuple(unopened)
        self.has_answered = False
        self.streams: list[str] = []
        self._skip = skip
        self._issues: dict[tuple[str, ...], Issue] = {}
        self._left_out = 0
        # Hashes, for there may be as many warnings as objects.
        self._warned: set[int] = set()
        self._summaries: list[str] = []
        self._lock = threading.Lock()

    @property
    def issues(self) -> list[Issue]:
        """What could not be read so far, each once for every stream that lacks it, sorted."""
        return [issue for _, issue in sorted(self._issues.items())]

    def skip_unopened(self, stream: str) -> set[Unit]:
        """Note for a stream the accounts and regions that could not be opened.

        Returns:
            These.

        Raises:
            TapError: What cannot be read is to end the run.
        """
        units = set()
        for one in self.unopened:
            unit = Unit(one.account_id, one.region or EVERYTHING)
            self.skip(stream, unit, one.error, f"Skipped in {one.name}: {one.error}")
            units.add(unit)
        return units

    def skip(self, stream: str, unit: Unit, error: TapError, warning: str) -> None:
        """Go on without what cannot be read, with one warning however often it is met; or do not.

        Args:
            stream: The stream that lacks it.
            unit: What is left out.
            error: Why.
            warning: The line to log.

        Raises:
            TapError: The error, if it is to end the run.
        """
        if not self._skip:
            raise error
        self.note(stream, unit, error, warning)

    def note(self, stream: str, unit: Unit, error: TapError, warning: str) -> None:
        """Note an issue, with one warning however often it is met; as `skip` does."""
        issue = Issue(
            account_id=unit.account_id,
            region=unit.region,
            stream=stream,
            operation=error.action or "sts:AssumeRole",
            resource=unit.resource,
            catalog_id=unit.catalog_id,
            database_name=unit.database_name,
            error_code=error.code,
            message=str(error),
            observed_at=datetime.now(tz=timezone.utc).isoformat(timespec="microseconds"),
        )
        key = (issue.account_id, issue.region, stream, issue.operation, issue.resource)
        with self._lock:
            self._issues.setdefault(key, issue)
        if self.warn(warning):
            with self._lock:
                self._left_out += 1

    def warn(self, warning: str) -> bool:
        """Log a warning, once in a run; tell whether it is new."""
        with self._lock:
            is_new = hash(warning) not in self._warned
            self._warned.add(hash(warning))
        if is_new:
            LOGGER.warning("%s", redact_text(warning))  # names of objects are texts of users
        return is_new

    def end_pass(self, summary: str) -> None:
        """Note what a pass has read, for the summary of the run."""
        self._summaries.append(summary)

    def finish(self) -> None:
        """Sum up the run at its end: what each pass has read and left out.

        Raises:
            AwsError: Everything was denied.
        """
        summaries, self._summaries = self._summaries, []
        left_out, self._left_out = self._left_out, 0
        for summary in summaries:
            LOGGER.info("%s", summary)
        if left_out and not self.has_answered:
            first = min(self.issues, key=lambda issue: self.streams.index(issue.stream))
            raise AwsError(f"Nothing could be read, all was denied; the first: {first.message}")
        if left_out:
            LOGGER.warning("%s could not be read: the run is incomplete", counted(left_out, "unit"))


def counted(number: int, noun: str) -> str:
    """Write a number of things: `1 call`, `2 calls`, `3 retries`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"
