"""What can these credentials read? One smallest call for each operation, told line by line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.aws.errors import (
    AbsentError,
    DeniedError,
    GoneError,
    TapError,
)
from tap_glue_metadata.aws.glue import BatchGet
from tap_glue_metadata.walk import CATALOGS, DATABASES, Level, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_glue_metadata.aws.glue import Listing, Source
    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.aws.scopes import Scope, Unopened
    from tap_glue_metadata.walk import Walk

OK: Final = "ok"
DENIED: Final = "denied"
FAILED: Final = "failed"
_PAGE: Final = 100  # the most databases of one answer


@dataclass(frozen=True)
class Check:
    """One thing that was tried.

    Attributes:
        outcome: `ok`, `denied` or `failed`.
        action: The IAM action that it takes.
        scope: The account and region, or the account that could not be opened.
        note: What to grant or to do; for what is ok, what there was to see.
    """

    outcome: str
    action: str
    scope: str
    note: str

    @property
    def is_ok(self) -> bool:
        """Whether it can be read."""
        return self.outcome == OK


def run_preflight(walk: Walk, sources: Iterable[tuple[Source, Level]]) -> list[Check]:
    """Try, in each scope, each operation that some sources need.

    Args:
        walk: The walk over the scopes.
        sources: The operations, or pairs of operations, and the level they are called at.

    Returns:
        A check for the identity of each scope, and one for each operation there.
    """
    wanted = list(sources)
    checks = [_refusal(unopened) for unopened in walk.unopened]
    for scope in walk.scopes:
        note = "these credentials" if scope.is_asked else "not asked: aws_account_id names it"
        checks.append(Check(OK, "sts:GetCallerIdentity", str(scope), note))
        checks += _ScopeChecks(walk, scope).run(wanted)
    return checks


def _refusal(unopened: Unopened) -> Check:
    """Tell of what could not be opened: a role, or else keys that are none."""
    action = unopened.error.action or "sts:AssumeRole"
    return Check(DENIED, action, unopened.name, str(unopened.error))


def render(checks: Iterable[Check], *, as_json: bool) -> str:
    """Write the checks.

    Args:
        checks: What was tried.
        as_json: Whether for machines.

    Returns:
        A JSON array of objects, or a line for each check.
    """
    if as_json:
        return json.dumps([asdict(check) for check in checks], indent=2)
    return "\n".join(
        f"{check.outcome:<6}  {check.action}  ({check.scope})  {check.note}".rstrip()
        for check in checks
    )


class _ScopeChecks:
    """The checks of one scope, each operation tried once."""

    def __init__(self, walk: Walk, scope: Scope) -> None:
        self._walk = walk
        self._scope = scope
        self._catalog = Place(scope, (*scope.catalog_ids, scope.account_id)[0])
        self._database: Place | None = None
        self._answers: dict[str, Check] = {}

    def run(self, sources: Iterable[tuple[Source, Level]]) -> Iterator[Check]:
        """Try what the sources need, the way to them first."""
        for source, level in sources:
            # Where the catalogs are pinned, nothing but their own stream lists them.
            is_catalogs = source.operations == CATALOGS.operations
            if is_catalogs or (level is not Level.SCOPE and not self._scope.catalog_ids):
                self._try(CATALOGS.operation, 1, CATALOGS.params)
            is_databases = source.operations == DATABASES.operations
            if is_databases or level is Level.DATABASE:
                self._try_databases()
            if isinstance(source, BatchGet):
                self._try_batch(source)
            elif not is_catalogs and not is_databases:
                self._try_listing(source, level)
        yield from self._answers.values()

    def _try_databases(self) -> None:
        source = self._walk.databases_source
        # One is enough, unless the settings want the tables of some databases only.
        items = _PAGE if self._walk.is_choosy else 1
        answer = self._try(source.operation, items, {**source.params, **self._catalog.params})
        for database in answer.get(source.items) or []:
            if self._database is None and self._walk.filters.wants_database(database["Name"]):
                home = self._walk.home(self._catalog, database)
                self._database = self._walk.place_of_tables(home, database)

    def _try_listing(self, source: Listing, level: Level) -> None:
        place = {Level.CATALOG: self._catalog, Level.DATABASE: self._database}.get(level)
        if level is Level.DATABASE and place is None:
            self._note_untried(source.operation, DATABASES.operation, "no database to try it on")
            return
        self._try(source.operation, 1, {**source.params, **(place.params if place else {})})

    def _try_batch(self, source: BatchGet) -> None:
        listed = source.names
        names = self._try(listed.operation, 1, listed.params).get(listed.items) or []
        if names:
            self._try(source.operation, 1, {**source.params, source.param: names[:1]})
        else:
            nothing = "nothing is listed to try it on"
            self._note_untried(source.operation, listed.operation, nothing)

    def _try(self, operation: str, items: int, params: Mapping[str, Any]) -> Json:
        if operation in self._answers:
            return {}
        try:
            answer = self._scope.glue.smallest(operation, items, **params)
        except DeniedError as error:
            self._note(operation, DENIED, str(error))
        except TapError as error:
            # The run takes these two as they come; any other error would end it.
            if isinstance(error, AbsentError) and operation == CATALOGS.operation:
                note = "not known to the endpoint; the default catalog is read"
                self._note(operation, OK, note)
            elif isinstance(error, GoneError) and "DatabaseName" in params:
                self._note(operation, OK, "the database to try it on is no more")
            else:
                self._note(operation, FAILED, str(error))
        else:
            self._note(operation, OK, "")
            return answer
        return {}

    def _note_untried(self, operation: str, before: str, reason: str) -> None:
        if self._answers[before].is_ok:
            self._note(operation, OK, reason)
        else:
            self._note(operation, FAILED, f"not tried, since it takes glue:{before} first")

    def _note(self, operation: str, outcome: str, note: str) -> None:
        self._answers.setdefault(
            operation, Check(outcome, f"glue:{operation}", str(self._scope), note)
        )
