"""`Read`: one declaration for what is read from AWS, and how one gets there."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import jmespath
from botocore import xform_name

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.aws.scopes import Scope

    Selection: TypeAlias = Any  # whose methods are the hooks; it builds on what is declared here
    Item: TypeAlias = Any  # an object, or the name of one

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
    """

    scope: Scope
    bound: Mapping[str, Any] = field(default_factory=dict)
    link: Mapping[str, str] | None = None
    is_listed: bool = True

    @cached_property
    def keys(self) -> Json:
        """The fields that every record from here begins with."""
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
        below = ((m, value) for m, value in self.bound.items() if m not in UNIT_MEMBERS)
        parts = (f"{member.removesuffix('Name').lower()}/{value}" for member, value in below)
        return "/".join(parts) or None

    def bind(
        self, item: Item, members: Mapping[str, str], link: str = "", *, is_listed: bool
    ) -> Context:
        """Return the context of the calls for one object.

        Args:
            item: An object that was found here.
            members: Request members, each with the JMESPath of its value in the object.
            link: JMESPath of what the object leads to, if it is a resource link.
            is_listed: Whether the object was listed.
        """
        bound = {member: search(path, self.seen(item)) for member, path in members.items()}
        target = (search(link, item) if link else None) or self.link
        return Context(self.scope, {**self.bound, **bound}, target, is_listed)

    def seen(self, item: Item) -> Item:
        """Return an object as expressions see it: what is bound takes precedence."""
        return {**item, **self.bound} if self.bound and isinstance(item, dict) else item


class Known(NamedTuple):
    """Objects that are there whatever a listing says.

    Attributes:
        items: The objects, as far as they are known.
        is_all: Whether no others are wanted, so that what they lead to needs no listing.
    """

    items: Sequence[Item]
    is_all: bool


@dataclass(frozen=True)
class Each:
    """Many values in one call.

    Values of objects that lead to the same request otherwise share a call.

    Attributes:
        member: The request member that takes the values.
        path: JMESPath of the value, or the list of values, in the parent's object.
        size: The most values that the service takes in one call.
        answered: JMESPath of the values that an answer accounts for: found, or named as missing.
            Each value that was asked for must be among them.
    """

    member: str
    path: str
    size: int
    answered: str


@dataclass(frozen=True, eq=False)
class Read:
    """An operation, the objects in its answers, and what it is called for.

    What the parents have bound is inherited: each call sends of it what its input takes, and the
    keys of a record are those members in snake_case.

    Attributes:
        operation: The operation, as AWS spells it.
        items: JMESPath of the objects in an answer; a single object is a list of one.
        parent: For whose objects it is called; None: once for each account and region.
        bind: Request members, each with the JMESPath of its value in the parent's object.
        each: How the values of many objects go out in one call, if they do.
        params: Parameters that go out with every call.
        settings: Request members whose value is a setting, each with the setting's name.
        token: The members of the page token, in the request and in the answer.
        service: The service, as botocore spells it.
        key: JMESPath of what tells an object from others of its listing.
        is_always_listed: Whether each answer has its list, be it empty: without it, it is not an
            answer.
        known: Tells which objects are there whatever the listing says.
        warning: What a warning begins with, where it cannot be read.
        patterns: The objects that the globs of the settings leave out: `databases` or `tables`.
        select: Gives an object as it is to be read, None for one that the settings leave out.
        place: Gives the context of an object where it is another one than its listing's.
        leads: Tells whether an object is to be called for.
        link: JMESPath of what an object leads to, if it is a resource link.
    """

    operation: str
    items: str = "@"
    parent: Read | None = None
    bind: Mapping[str, str] = field(default_factory=dict)
    each: Each | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    token: tuple[str, str] = ("NextToken", "NextToken")
    service: str = "glue"
    key: str = "Name"
    is_always_listed: bool = False
    warning: str = "Skipped"
    patterns: str = ""
    known: Callable[[Selection, Scope], Known] | None = None
    select: Callable[[Selection, Context, Item], Item | None] | None = None
    place: Callable[[Selection, Context, Item], Context] | None = None
    leads: Callable[[Selection, Item], bool] | None = None
    link: str = ""

    @cached_property
    def chain(self) -> tuple[Read, ...]:
        """The reads that lead here, this one last."""
        return (*(self.parent.chain if self.parent else ()), self)

    @property
    def bound(self) -> tuple[str, ...]:
        """The request members that a call's context has."""
        return tuple(dict.fromkeys(member for read in self.chain for member in read.bind))

    @property
    def action(self) -> str:
        """The IAM action."""
        return f"{self.service}:{self.operation}"

    def items_of(self, answer: Json) -> list[Item]:
        """Return the objects of an answer.

        Args:
            answer: The answer as raw JSON.

        Returns:
            The objects; none where the answer has none.
        """
        found = search(self.items, answer)
        if isinstance(found, list):
            return found
        return [] if found is None else [found]

    def key_of(self, item: Item) -> Hashable:
        """Return what tells an object from others of its listing, None if nothing does."""
        key: Hashable = search(self.key, item)
        return key

    def problem(self, answer: Json, request: Mapping[str, Any]) -> str | None:
        """Tell why an answer with the status of a success is not one.

        Glue's lists are there in every answer, empty or not, and a batch accounts for each value
        that was asked for: an answer that lacks them would be taken for a complete one.

        Args:
            answer: The answer as raw JSON.
            request: What was asked.

        Returns:
            The problem in words, None if there is none.
        """
        is_listed = self.is_always_listed or self.token[0] in request
        if is_listed and search(self.items, answer) is None:
            return f"the answer has no {self.items}"
        if self.each is not None:
            missing = {*map(str, request[self.each.member])} - {
                *map(str, search(self.each.answered, answer) or ())
            }
            if missing:
                return f"the answer says nothing of {len(missing)} of the objects asked for"
        return None


def called(reads: Iterable[Read], *, is_pinned: bool) -> tuple[Read, ...]:
    """Return the reads that are called for some reads of streams, each once.

    Args:
        reads: What streams read.
        is_pinned: Whether the settings name the objects of the parents that can be known.
    """
    own = list(reads)
    steps = dict.fromkeys(step for read in own for step in read.chain)
    return tuple(step for step in steps if step in own or not (is_pinned and step.known))


def batches(
    each: Each, contexts: Iterable[tuple[Context, Item]]
) -> Iterator[tuple[Context, list[Any]]]:
    """Put the values of objects together that lead to the same request otherwise.

    Args:
        each: How many values go out in one call, and where they are.
        contexts: The objects, each with the context of the calls for it.

    Yields:
        A context and the values of one call.
    """
    groups: dict[tuple[Any, ...], tuple[Context, list[Any]]] = {}
    for context, item in contexts:
        found = search(each.path, context.seen(item))
        values = found if isinstance(found, list) else [found]
        groups.setdefault(context.identity, (context, []))[1].extend(values)
    for context, values in groups.values():
        for start in range(0, len(values), each.size):
            yield context, values[start : start + each.size]


def search(path: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Evaluate a JMESPath, which is compiled once."""
    return _compiled(path).search(value)


@cache
def _compiled(path: str) -> Any:  # noqa: ANN401 - jmespath has no types
    return jmespath.compile(path)
