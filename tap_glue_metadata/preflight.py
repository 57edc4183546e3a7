"""What can these credentials read? One smallest call for each operation, told line by line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from tap_glue_metadata.aws.errors import AbsentError, DeniedError, GoneError, TapError
from tap_glue_metadata.context import Context
from tap_glue_metadata.listing import Listing
from tap_glue_metadata.outcomes import Outcome, Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from tap_glue_metadata.aws.scopes import Scope, Unopened
    from tap_glue_metadata.context import Item
    from tap_glue_metadata.read import Read
    from tap_glue_metadata.traversal import Traversal

OK: Final = "ok"
DENIED: Final = "denied"
FAILED: Final = "failed"


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
    traversal: Traversal, reads: Iterable[Read], second_looks: Collection[Read] = ()
) -> list[Check]:
    """Try, in each scope, each operation that some reads need.

    Args:
        traversal: The traversal of the scopes.
        reads: What streams read.
        second_looks: What they call for some objects once more; tried only where there are such.

    Returns:
        A check for the identity of each scope, and one for each operation there.
    """
    wanted = list(reads)
    checks = [_refusal(unopened) for unopened in traversal.outcomes.unopened]
    for scope in traversal.scopes:
        note = "these credentials" if scope.is_asked else "not asked: aws_account_id names it"
        checks.append(Check(OK, "sts:GetCallerIdentity", str(scope), note))
        checks += _ScopeChecks(traversal, scope, second_looks).run(wanted)
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
    """The checks of one scope, each operation tried once: for the first object that leads to it."""

    def __init__(self, traversal: Traversal, scope: Scope, second_looks: Collection[Read]) -> None:
        self._traversal, self._scope = traversal, scope
        self._second_looks = second_looks
        self._checks: dict[str, Check] = {}
        self._found: dict[Read, tuple[Listing, list[Item]]] = {}
        self._substitutes: list[Read] = []

    def run(self, reads: Iterable[Read]) -> Iterator[Check]:
        """Try what the reads need, their parents first."""
        for wanted in ((*reads, *self._second_looks), self._substitutes):
            for read in wanted:
                for step in read.chain:
                    if step not in self._found:
                        self._try(step, is_parent=step is not read)
        yield from self._checks.values()

    def _try(self, read: Read, *, is_parent: bool) -> None:
        for context, values in self._calls(read):
            unit = Unit.of(context)
            selection = self._traversal.selection
            listing = Listing("preflight", read, context, Outcome(unit), selection, values=values)
            self._found[read] = listing, []
            if not (is_parent and listing.known and listing.known.is_all):
                self._call(read, listing)
            return
        if read.parent is not None and read not in self._second_looks:
            self._note_untried(read, read.parent)

    def _calls(self, read: Read) -> Iterator[tuple[Context, list[Any] | None]]:
        """Yield the calls of a read that could be made, as far as its parents are known."""
        if read.parent is None:
            yield Context(self._scope), None
            return
        if read.parent not in self._found:
            return
        listing, items = self._found[read.parent]
        for context, values in read.calls(listing.onward(read, items, is_last=True)):
            yield context, values and values[:1]

    def _call(self, read: Read, listing: Listing) -> None:
        if read.action in self._checks:
            return
        with self._traversal.clients.lent(self._scope, read.service) as client:
            request = listing.request(client, listing.values, None)
            # One is enough, unless the settings want some of them only.
            chooses = read.patterns and self._traversal.selection.leaves_out(read.patterns)
            if "MaxResults" in request and not chooses:
                request["MaxResults"] = 1
            try:
                answer = client.call(read.operation, request).content
            except TapError as error:
                self._note(read, *_judged(read, listing, error))
                if read.instead and isinstance(error, (AbsentError, DeniedError)):
                    self._substitutes += read.instead
            else:
                self._found[read] = listing, read.items_of(answer)
                self._note(read, OK, "")

    def _note_untried(self, read: Read, parent: Read) -> None:
        before = self._checks.get(parent.action)
        if before is None or before.is_ok:
            self._note(read, OK, "nothing is listed to try it on")
        else:
            self._note(read, FAILED, f"not tried, since it takes {parent.action} first")

    def _note(self, read: Read, outcome: str, note: str) -> None:
        check = Check(outcome, read.action, str(self._scope), note)
        self._checks.setdefault(read.action, check)


def _judged(read: Read, listing: Listing, error: TapError) -> tuple[str, str]:
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
