"""What can these credentials read? The smallest calls of each operation, told line by line."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tap_glue_metadata.aws.errors import AbsentError, DeniedError, GoneError, TapError
from tap_glue_metadata.engine.context import UNIT_MEMBERS, Context
from tap_glue_metadata.engine.listing import Listing
from tap_glue_metadata.engine.outcomes import Outcome, Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from tap_glue_metadata.aws.scopes import Scope, Unopened
    from tap_glue_metadata.engine.context import Item
    from tap_glue_metadata.engine.read import Read
    from tap_glue_metadata.engine.traversal import Traversal

OK: Final = "ok"
DENIED: Final = "denied"
FAILED: Final = "failed"

Result: TypeAlias = "tuple[str, str]"  # the outcome and the note of a check


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


def run_preflight(
    traversal: Traversal,
    reads: Iterable[Read],
    second_looks: Collection[Read] = (),
    *,
    is_full: bool = False,
) -> list[Check]:
    """Try, in each scope, each operation that some reads need.

    Args:
        traversal: The traversal of the scopes.
        reads: What streams read.
        second_looks: What they call for some objects once more; tried only where there are such.
        is_full: Whether to try all catalogs and databases, instead of one.

    Returns:
        A check for the identity of each scope, and one for each operation there; another one for
        each catalog or database that cannot be read.
    """
    wanted = list(reads)
    checks = [_refusal(unopened) for unopened in traversal.outcomes.unopened]
    for scope in traversal.scopes:
        note = "these credentials" if scope.is_asked else "not asked: aws_account_id names it"
        checks.append(Check(OK, "sts:GetCallerIdentity", str(scope), note))
        checks += _ScopeChecks(traversal, scope, second_looks, is_full=is_full).run(wanted)
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
    """The checks of one scope: each operation is tried for the first object that leads to it.

    A full check tries those that list a catalog or a database for all of these.
    """

    def __init__(
        self,
        traversal: Traversal,
        scope: Scope,
        second_looks: Collection[Read],
        *,
        is_full: bool,
    ) -> None:
        self._traversal, self._scope = traversal, scope
        self._second_looks, self._is_full = second_looks, is_full
        self._checks: dict[str, list[Check]] = {}
        self._found: dict[Read, list[tuple[Listing, list[Item]]]] = {}
        self._leading: set[Read] = set()
        self._substitutes: list[Read] = []

    def run(self, reads: Collection[Read]) -> Iterator[Check]:
        """Try what the reads need, their parents first."""
        if self._is_full:
            steps = (step for read in reads for step in read.chain)
            self._leading = {step.parent for step in steps if step.parent and _lists_unit(step)}
        for wanted in ((*reads, *self._second_looks), self._substitutes):
            for read in wanted:
                for step in read.chain:
                    if step not in self._found:
                        self._try(step, is_parent=step is not read)
        for checks in self._checks.values():
            yield from checks

    def _try(self, read: Read, *, is_parent: bool) -> None:
        is_wide = read.parent in self._leading and _lists_unit(read)
        listings = list(islice(self._listings(read), None if is_wide else 1))
        if not listings:
            if read.parent is not None and read not in self._second_looks:
                self._note(read, [self._untried(read.parent)])
            return
        self._found[read] = [(listing, []) for listing in listings]
        known = listings[0].known
        if is_parent and known and known.is_all:
            return
        if read.action in self._checks and read not in self._leading:
            return
        with ThreadPoolExecutor(self._traversal.selection.setting("concurrency")) as workers:
            answers = list(workers.map(self._call, listings))
        self._found[read] = [
            (listing, items) for listing, (items, _) in zip(listings, answers, strict=True)
        ]
        bad = [(outcome, note) for _, (outcome, note) in answers if outcome != OK]
        good = [note for _, (outcome, note) in answers if outcome == OK]
        self._note(read, [*([(OK, self._told(listings, good))] if good else []), *bad])

    def _listings(self, read: Read) -> Iterator[Listing]:
        """Yield the calls of a read that could be made, as far as its parents are known."""
        for context, values in self._calls(read):
            outcome, selection = Outcome(Unit.of(context)), self._traversal.selection
            yield Listing("preflight", read, context, outcome, selection, values=values)

    def _calls(self, read: Read) -> Iterator[tuple[Context, list[Any] | None]]:
        if read.parent is None:
            yield Context(self._scope), None
            return
        for listing, items in self._found.get(read.parent, ()):
            for context, values in read.calls(listing.onward(read, items, is_last=True)):
                yield context, values and values[:1]

    def _call(self, listing: Listing) -> tuple[list[Item], Result]:
        """Call for one object, or for all of those that lead on."""
        read, items = listing.read, []
        with self._traversal.clients.lent(self._scope, read.service) as client:
            request = listing.request(client, listing.values, None)
            # One is enough, unless the settings want some of them only.
            chooses = read.patterns and self._traversal.selection.leaves_out(read.patterns)
            if "MaxResults" in request and not chooses and read not in self._leading:
                request["MaxResults"] = 1
            try:
                while True:
                    answer = client.call(read.operation, request).content
                    page = read.items_of(answer)
                    items += page
                    token = listing.next_token(answer, is_empty=not page)
                    if token is None or read not in self._leading:
                        return items, (OK, "")
                    request[read.token[0]] = token
            except TapError as error:
                if read.instead and isinstance(error, (AbsentError, DeniedError)):
                    self._substitutes += read.instead
                return items, _judged(read, listing, error)

    def _told(self, listings: list[Listing], good: list[str]) -> str:
        """Tell on how many catalogs or databases an operation was tried, if it lists such."""
        read, context = listings[0].read, listings[0].context
        is_one_of_many = read.parent and not read.parent.is_never_called and _lists_unit(read)
        if not is_one_of_many or (len(listings) == 1 and good[0]):
            return good[0]
        if self._is_full:
            return f"{len(good)} of {len(listings)} can be read"
        return f"tried on {Unit.of(context).resource} alone; --preflight=full tries all"

    def _untried(self, parent: Read) -> Result:
        before = self._checks.get(parent.action, ())
        if all(check.is_ok for check in before):
            return OK, "nothing is listed to try it on"
        return FAILED, f"not tried, since it takes {parent.action} first"

    def _note(self, read: Read, results: Iterable[Result]) -> None:
        scope = str(self._scope)
        checks = [Check(outcome, read.action, scope, note) for outcome, note in results]
        self._checks.setdefault(read.action, checks)


def _lists_unit(read: Read) -> bool:
    """Tell whether a read lists a catalog or a database, not what is below."""
    return read.each is None and {*read.bound} <= {*UNIT_MEMBERS}


def _judged(read: Read, listing: Listing, error: TapError) -> Result:
    """Tell what an error means for a run: it takes some as they come."""
    if read.instead and isinstance(error, (AbsentError, DeniedError)):
        return OK, f"denied, or not known; {read.told_instead}"
    if isinstance(error, DeniedError):
        return DENIED, str(error)
    if isinstance(error, AbsentError) and read.known:
        return OK, "not known to the endpoint; the default catalog is read"
    if isinstance(error, GoneError) and listing.context.is_listed:
        return OK, "what it was tried on does not exist"
    return FAILED, str(error)
