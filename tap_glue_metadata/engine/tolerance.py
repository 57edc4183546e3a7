"""The one error policy: what a run goes on without, and what ends it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tap_glue_metadata.aws.errors import (
    AbsentError,
    ExpiredError,
    GoneError,
    LostRoleError,
    RefusedError,
    UnreadableError,
    unreadable,
)
from tap_glue_metadata.engine.outcomes import EVERYTHING, Unit
from tap_glue_metadata.redaction import redact_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_glue_metadata.aws.errors import TapError
    from tap_glue_metadata.aws.scopes import Scope
    from tap_glue_metadata.engine.context import Context
    from tap_glue_metadata.engine.listing import Listing
    from tap_glue_metadata.engine.outcomes import Outcomes

LOGGER: Final = logging.getLogger("tap-glue-metadata")
_NOT_OF_THIS: Final = "InvalidInputException"  # how Glue refuses what an object has none of


class Tolerance:
    """Decides what becomes of a listing that failed."""

    def __init__(self, scopes: Collection[Scope], outcomes: Outcomes) -> None:
        """Begin a run.

        Args:
            scopes: Where it reads.
            outcomes: Where issues are noted.
        """
        self._scopes = scopes
        self._outcomes = outcomes
        self._accepted: set[Scope] = set()
        self._refused: dict[Scope, RefusedError] = {}

    def accept(self, scope: Scope) -> None:
        """Note that a scope has accepted the credentials."""
        self._accepted.add(scope)

    def refusal(self, scope: Scope) -> RefusedError | None:
        """Return the answer of a scope that refuses the credentials; it is not asked again."""
        return self._refused.get(scope)

    def tolerate(self, listing: Listing, error: TapError, name: str | None = None) -> None:
        """Go on without a listing that failed, or do not.

        - The endpoint does not know the operation, and what there is is known: nothing is missing.
        - What it was called for was deleted since it was listed: nothing is missing.
        - AWS does not accept the credentials in this scope: all of it is missing.
        - It cannot be read, by these credentials or at all: it is missing. So is a single object
          below a unit that the service does not take, such as a table of a federated catalog.

        Args:
            listing: What failed; its outcome is marked where something is missing.
            error: Why.
            name: The single object that it is about, if it is.

        Raises:
            TapError: The error, where it is to end the run.
        """
        known, context = listing.known, listing.context
        if error.code == _NOT_OF_THIS and context.name:
            error = unreadable(error)
        if isinstance(error, AbsentError) and known:
            LOGGER.info("%s: %s", context.scope, error)
            return
        if isinstance(error, GoneError) and context.is_listed:
            if not listing.read.is_optional:
                LOGGER.info("%s", redact_text(_told_gone(context)))
            return
        skipped = listing.read.warning
        if isinstance(error, RefusedError):
            self._refuse(context.scope, error)
            context, skipped = replace(context, bound={}), "Skipped"
        elif not isinstance(error, UnreadableError):
            raise error
        elif known and known.is_all:
            return
        warning = f"{skipped}{f' {name}' if name else ''} in {context.scope}: {error}"
        unit = replace(Unit.of(context), name=name or context.name)
        self._outcomes.skip(listing.stream, unit, error, warning)
        if known and listing.known and listing.is_parent:  # what is known is read all the same
            unit = replace(unit, catalog_id=EVERYTHING)
        listing.outcome.missing.add(unit)

    def _refuse(self, scope: Scope, error: RefusedError) -> None:
        """Note a scope that refuses the credentials, such as a region that is not enabled.

        Raises:
            RefusedError: There is no other scope; or they were accepted before, so that what is
                refused now has nothing to do with this scope.
        """
        unopened = self._outcomes.unopened
        if isinstance(error, LostRoleError):  # all regions of the account share the role
            others = [other for other in self._scopes if other.account_id != scope.account_id]
            is_of_scope = bool(others or unopened)
        elif isinstance(error, ExpiredError) or scope in self._accepted:
            is_of_scope = False
        else:
            is_of_scope = len(self._scopes) > 1 or bool(unopened)
        if scope not in self._refused and not is_of_scope:
            raise error
        self._refused.setdefault(scope, error)


def _told_gone(context: Context) -> str:
    """Tell of what was listed, and is not there."""
    resource = replace(Unit.of(context), name=context.name).resource
    if context.link is None:
        return f"{resource} was deleted while it was read"
    target = "/".join(
        f"{kind}/{context.link[member]}"
        for kind, member in (("catalog", "CatalogId"), ("database", "DatabaseName"))
        if member in context.link
    )
    return f"{resource} is a resource link to {target}, which does not exist"
