"""Where objects are found, and how their members are named: contexts and JMESPath."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from botocore import xform_name

from tap_glue_metadata.engine.paths import search

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.aws.scopes import Scope

    Item: TypeAlias = Any  # an object, or the name of one

    class Binding(Protocol):
        """What of a read counts here."""

        @property
        def bind(self) -> Mapping[str, str]:
            """As in `Read`."""

        @property
        def carry(self) -> Mapping[str, str]:
            """As in `Read`."""

        @property
        def region(self) -> str:
            """As in `Read`."""


UNIT_MEMBERS: Final = ("CatalogId", "DatabaseName")
"""The request members that name a unit of reading; what is bound besides is below one."""


@dataclass(frozen=True)
class Context:
    """Where objects are found: the account, the region, and what led there.

    Attributes:
        scope: The account and region.
        bound: The request members that the parents have bound, such as `CatalogId`.
        link: What the resource link through which it is reached leads to, if it is one:
            `CatalogId`, `DatabaseName` and maybe `Region`.
        is_listed: Whether what the calls are for was listed, not named by a setting.
        carried: What the records need besides of the object that the calls are for.
    """

    scope: Scope
    bound: Mapping[str, Any] = field(default_factory=dict)
    link: Mapping[str, str] | None = None
    is_listed: bool = True
    carried: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def keys(self) -> Json:
        """The fields that every record from here begins with."""
        # A structure is sent, but is no field: what is in it is in the answer again.
        texts = ((m, value) for m, value in self.bound.items() if isinstance(value, str))
        names = {xform_name(member): value for member, value in texts}
        return {"account_id": self.scope.account_id, "region": self.scope.region, **names}

    @property
    def identity(self) -> tuple[Any, ...]:
        """What tells this context from others."""
        return (self.scope.account_id, self.scope.region, *map(str, self.bound.items()))

    @property
    def name(self) -> str | None:
        """What tells a single object below a unit in messages, such as `table/orders`."""
        below = {m: value for m, value in self.bound.items() if value and m not in UNIT_MEMBERS}
        texts = {m: value for m, value in below.items() if isinstance(value, str)}
        parts = (
            f"{member.removesuffix('Name').lower()}/{'/'.join(_texts(value))}"
            for member, value in (texts or below).items()
        )
        return "/".join(parts) or None

    def bind(self, item: Item, read: Binding, link: str = "", *, is_listed: bool) -> Context:
        """Return the context of the calls for one object.

        Args:
            item: An object that was found here.
            read: What is called.
            link: JMESPath of what the object leads to, if it is a resource link.
            is_listed: Whether the object was listed.
        """
        seen = self.seen(item)
        bound = {member: search(path, seen) for member, path in read.bind.items()}
        carried = {name: search(path, seen) for name, path in read.carry.items()}
        target = (search(link, item) if link else None) or self.link
        scope = self.scope.elsewhere(search(read.region, item) if read.region else None)
        return Context(scope, {**self.bound, **bound}, target, is_listed, carried)

    def seen(self, item: Item) -> Item:
        """Return an object as expressions see it: what is bound takes precedence."""
        return {**item, **self.bound} if self.bound and isinstance(item, dict) else item


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - any JSON
    return list(map(str, value.values())) if isinstance(value, dict) else [str(value)]
