"""What may not be read: skipped with one warning each, and summed up at the end of a run."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from tap_glue_metadata.aws.errors import AwsError, ExpiredError, LostRoleError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tap_glue_metadata.aws.errors import RefusedError, TapError
    from tap_glue_metadata.aws.scopes import Scope

LOGGER: Final = logging.getLogger("tap-glue-metadata.walk")


class Denials:
    """Decides whether a run goes on where access is denied, and remembers what was left out."""

    def __init__(
        self,
        scopes: Collection[Scope],
        unopened: Iterable[tuple[str, TapError]],
        *,
        skip: bool,
    ) -> None:
        """Begin a run.

        Args:
            scopes: Where it reads.
            unopened: Accounts and regions that the credentials may not open, and why.
            skip: Whether to go on where access is denied.
        """
        self._scopes = scopes
        self._skip = skip
        self._unopened = list(unopened)
        self._has_unopened = bool(self._unopened)
        self._errors: dict[str, TapError] = {}
        self._answered = False
        self._open: set[Scope] = set()  # those that have accepted the credentials
        self._refused: set[Scope] = set()
        self._lock = threading.Lock()

    def report_unopened(self) -> None:
        """Skip the accounts and regions that could not be opened; once in a run.

        Raises:
            TapError: A denial is to end the run.
        """
        while self._unopened:
            self.skip(*self._unopened.pop(0))

    def skip(self, where: str, error: TapError) -> None:
        """Go on without what may not be read, with a warning; or do not.

        Args:
            where: What is left out.
            error: Why.

        Raises:
            TapError: The error, if a denial is to end the run.
        """
        self.warn(f"Skipped in {where}: {error}", error)

    def warn(self, line: str, error: TapError) -> None:
        """Tell of a denial, once however often it is met.

        Args:
            line: What to tell.
            error: The denial.

        Raises:
            TapError: The error, if a denial is to end the run.
        """
        if not self._skip:
            raise error
        with self._lock:
            is_new = line not in self._errors
            self._errors[line] = error
        if is_new:
            LOGGER.warning("%s", line)

    def refuse(self, scope: Scope, error: RefusedError) -> None:
        """Leave out a scope that refuses the credentials, such as a region that is not enabled.

        Args:
            scope: The scope; it is not asked again.
            error: Its answer.

        Raises:
            RefusedError: There is no other scope; or they were accepted before, so that what is
                refused now is no matter of this scope.
        """
        if isinstance(error, LostRoleError):  # all regions of the account share the role
            others = [other for other in self._scopes if other.account_id != scope.account_id]
            is_of_scope = bool(others) or self._has_unopened
        elif isinstance(error, ExpiredError) or scope in self._open:
            is_of_scope = False
        else:
            is_of_scope = len(self._scopes) > 1 or self._has_unopened
        if not is_of_scope:
            raise error
        self._refused.add(scope)
        self.skip(str(scope), error)

    def is_refused(self, scope: Scope) -> bool:
        """Tell whether a scope was left out for refusing the credentials.

        Args:
            scope: The scope.

        Returns:
            True if it is not to be asked again.
        """
        return scope in self._refused

    def accept(self, scope: Scope, *, answered: bool) -> None:
        """Note an answer.

        Args:
            scope: Whose it was.
            answered: Whether it gave what a stream asked for, not merely the way to it.
        """
        self._open.add(scope)
        self._answered = self._answered or answered

    def finish(self) -> None:
        """Sum up what was skipped, at the end of a run.

        Raises:
            AwsError: Everything was denied.
        """
        errors, self._errors = list(self._errors.values()), {}
        if errors and not self._answered:
            raise AwsError(f"Nothing could be read, all was denied; the first: {errors[0]}")
        if errors:
            LOGGER.warning("%d times access was denied: the run is incomplete", len(errors))
