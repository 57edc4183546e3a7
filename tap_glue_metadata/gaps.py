"""What a run could not read: skipped with one warning each, remembered, and summed up."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final, TypeAlias

from tap_glue_metadata.aws.errors import AwsError, ExpiredError, LostRoleError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tap_glue_metadata.aws.errors import RefusedError, TapError
    from tap_glue_metadata.aws.scopes import Scope, Unopened

LOGGER: Final = logging.getLogger("tap-glue-metadata.walk")

Key: TypeAlias = "tuple[str, ...]"

EVERYTHING: Final = "*"
"""The region, or the resource, of a gap that takes in all of them."""


@dataclass(frozen=True)
class Gap:
    """One unit that could not be read.

    Attributes:
        account_id: The account; `unknown` where not even that could be asked.
        region: The region, or `*` for all of the account's.
        stream: The stream that was being read.
        operation: The operation that failed, as an IAM action such as `glue:GetTables`.
        resource: What is missing, such as `catalog/123456789012/database/sales`; `*` for all.
        catalog_id: The catalog that it is in, if in one.
        database_name: The database that it is in, if in one.
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


@dataclass(frozen=True)
class Unit:
    """What is left out: an account, a region, a catalog, a database or a single object.

    Attributes:
        account_id: As in a gap.
        region: As in a gap.
        catalog_id: The catalog, if it is in one.
        database_name: The database, if it is in one.
        name: The object's type and name, such as `workflow/nightly`, if it is a single one.
    """

    account_id: str
    region: str
    catalog_id: str | None = None
    database_name: str | None = None
    name: str | None = None

    @property
    def resource(self) -> str:
        """The path of the unit in its account and region."""
        parts = (
            self.catalog_id and f"catalog/{self.catalog_id}",
            self.database_name and f"database/{self.database_name}",
            self.name,
        )
        return "/".join(filter(None, parts)) or EVERYTHING


class Gaps:
    """Decides whether a run goes on where it cannot read, and remembers what was left out.

    Attributes:
        unopened: Accounts and regions that the credentials may not open, and why.
        refused: Scopes that refuse the credentials, and their answers; they are not asked again.
    """

    def __init__(
        self, scopes: Collection[Scope], unopened: Iterable[Unopened], *, skip: bool
    ) -> None:
        """Begin a run.

        Args:
            scopes: Where it reads.
            unopened: Accounts and regions that the credentials may not open, and why.
            skip: Whether to go on where something cannot be read.
        """
        self._scopes = scopes
        self._skip = skip
        self.unopened = tuple(unopened)
        self.refused: dict[Scope, RefusedError] = {}
        self._gaps: dict[Key, Gap] = {}
        self._denials: dict[str, TapError] = {}
        self._summaries: list[tuple[str, int]] = []
        self._answered = False
        self._open: set[Scope] = set()  # those that have accepted the credentials
        self._lock = threading.Lock()

    @property
    def found(self) -> list[Gap]:
        """What could not be read so far, each once for every stream that lacks it."""
        return list(self._gaps.values())

    def of(self, stream: str) -> PassGaps:
        """Begin a pass over the objects of a stream; others may be under way.

        Args:
            stream: Its name; what the pass leaves out is missing in it.
        """
        return PassGaps(self, stream)

    def skip(self, stream: str, unit: Unit, error: TapError, line: str) -> Key:
        """Go on without what cannot be read, with one warning however often it is met; or do not.

        Args:
            stream: The stream that lacks it.
            unit: What is left out.
            error: Why.
            line: The warning.

        Returns:
            What tells the gap from others.

        Raises:
            TapError: The error, if a denial is to end the run.
        """
        if not self._skip:
            raise error
        gap = Gap(
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
        key = (gap.account_id, gap.region, gap.stream, gap.operation, gap.resource)
        with self._lock:
            self._gaps.setdefault(key, gap)
            is_new = line not in self._denials
            self._denials[line] = error
        if is_new:
            LOGGER.warning("%s", line)
        return key

    def refuse(self, scope: Scope, error: RefusedError) -> None:
        """Note a scope that refuses the credentials, such as a region that is not enabled.

        Args:
            scope: The scope; it is not asked again.
            error: Its answer.

        Raises:
            RefusedError: There is no other scope; or they were accepted before, so that what is
                refused now is no matter of this scope.
        """
        if isinstance(error, LostRoleError):  # all regions of the account share the role
            others = [other for other in self._scopes if other.account_id != scope.account_id]
            is_of_scope = bool(others) or bool(self.unopened)
        elif isinstance(error, ExpiredError) or scope in self._open:
            is_of_scope = False
        else:
            is_of_scope = len(self._scopes) > 1 or bool(self.unopened)
        if not is_of_scope:
            raise error
        self.refused.setdefault(scope, error)

    def accept(self, scope: Scope, *, answered: bool) -> None:
        """Note an answer.

        Args:
            scope: Whose it was.
            answered: Whether it gave what a stream asked for, not merely the way to it.
        """
        self._open.add(scope)
        self._answered = self._answered or answered

    def end(self, summary: str, skipped: int) -> None:
        """Note the end of a pass, for the summary of the run.

        Args:
            summary: What it read.
            skipped: How many units it left out.
        """
        self._summaries.append((summary, skipped))

    def finish(self) -> None:
        """Sum up the run at its end: what each pass has read and left out.

        Raises:
            AwsError: Everything was denied.
        """
        summaries, self._summaries = self._summaries, []
        errors, self._denials = list(self._denials.values()), {}
        for summary, skipped in summaries:
            outcome = f"incomplete, {skipped} skipped" if skipped else "complete"
            LOGGER.info("%s: %s", summary, outcome)
        if errors and not self._answered:
            raise AwsError(f"Nothing could be read, all was denied; the first: {errors[0]}")
        if errors:
            LOGGER.warning("%d units could not be read: the run is incomplete", len(errors))


class PassGaps:
    """What one pass over the objects of a stream leaves out.

    Attributes:
        run: The gaps of the run that the pass is part of.
    """

    def __init__(self, run: Gaps, stream: str) -> None:
        """Begin the pass.

        Args:
            run: The gaps of its run.
            stream: The stream's name.
        """
        self.run = run
        self._stream = stream
        self._keys: set[Key] = set()

    @property
    def is_complete(self) -> bool:
        """Whether nothing was left out so far."""
        return not self._keys

    def skip(self, unit: Unit, error: TapError, line: str) -> None:
        """Go on without what cannot be read, or do not; as `Gaps.skip`.

        Args:
            unit: What is left out.
            error: Why.
            line: The warning.

        Raises:
            TapError: The error, if a denial is to end the run.
        """
        self._keys.add(self.run.skip(self._stream, unit, error, line))

    def note_unopened(self) -> None:
        """Note the accounts and regions that no pass can read.

        Raises:
            TapError: A denial is to end the run.
        """
        for one in self.run.unopened:
            unit = Unit(one.account_id, one.region or EVERYTHING)
            self.skip(unit, one.error, f"Skipped in {one.name}: {one.error}")

    def is_refused(self, scope: Scope) -> bool:
        """Tell whether a scope refuses the credentials; if so, this pass lacks it.

        Args:
            scope: The scope, which this pass or another one may have met.

        Returns:
            True if it is not to be asked again.

        Raises:
            TapError: A denial is to end the run.
        """
        error = self.run.refused.get(scope)
        if error is not None:
            self._skip_scope(scope, error)
        return error is not None

    def refuse(self, scope: Scope, error: RefusedError) -> None:
        """Leave out a scope that refuses the credentials, such as a region that is not enabled.

        Args:
            scope: The scope; it is not asked again.
            error: Its answer.

        Raises:
            TapError: It is no matter of this scope, or a denial is to end the run.
        """
        self.run.refuse(scope, error)
        self._skip_scope(scope, error)

    def end(self, summary: str) -> None:
        """End the pass.

        Args:
            summary: What it read, for the summary of the run.
        """
        self.run.end(summary, len(self._keys))

    def _skip_scope(self, scope: Scope, error: RefusedError) -> None:
        unit = Unit(scope.account_id, scope.region)
        self.skip(unit, error, f"Skipped in {scope}: {error}")
