"""`Read`: one declaration for what is read from AWS, and how one gets there."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tap_glue_metadata.aws.models import action_of
from tap_glue_metadata.engine.context import UNIT_MEMBERS
from tap_glue_metadata.engine.paths import search

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.aws.scopes import Scope
    from tap_glue_metadata.engine.context import Context, Item

    Call: TypeAlias = tuple[Context, list[Any] | None]  # of a batch, with its values
    Selection: TypeAlias = Any  # whose methods are the hooks; it builds on what is declared here


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

    Attributes:
        member: The request member that takes the values.
        path: JMESPath of the value, or the list of values, in the parent's object.
        size: The most values that the service takes in one call.
        answered: JMESPath of the values that an answer accounts for: found, or named as missing.
            Each value that was asked for must be among them; empty for an answer that leaves out
            what is missing.
    """

    member: str
    path: str
    size: int
    answered: str = ""


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
        carry: What else of the parent's object the records need: names, each with a JMESPath.
        where: JMESPath of a condition: it is called for those of the parent's objects that meet it.
        with_parent: Whether it is called for what its parent is called for as well, such as a
            database in addition to its tables.
        each: How the values of many objects go out in one call, if they do.
        params: Parameters that go out with every call.
        split: What a listing of more than one page is split into: the parameters of calls that
            list all of it side by side.
        settings: Request members whose value is a setting, each with the setting's name.
        token: The members of the page token, in the request and in the answer.
        service: The service, as botocore spells it.
        key: JMESPath of what tells an object from others of its listing.
        is_always_listed: Whether each answer has its list, be it empty: without it, it is not an
            answer.
        union: The member that is to tell the kind of an object, where each is a union: of that,
            the one member that is set is the object.
        failures: JMESPath of the objects that an answer names as failed: each with `Name`,
            `ErrorCode` and `ErrorMessage`.
        is_optional: Whether it is ordinary that there is nothing to be found for an object.
        region: JMESPath of the region to call in, in the parent's object; else the scope's.
        known: Tells which objects are there whatever the listing says.
        is_never_called: Whether all its objects are known, so that there is nothing to call.
        warning: What a warning begins with, where it cannot be read.
        patterns: The objects that the globs of the settings leave out: `databases` or `tables`.
        select: Gives an object as it is to be read, None for one that the settings leave out.
        place: Gives the context of an object where it is another one than its listing's.
        leads: Tells whether an object is to be called for.
        link: JMESPath of what an object leads to, if it is a resource link.
        instead: What is read in an account and region that denies it, or does not know it: other
            ways to the same objects, each from a chain of its own.
    """

    operation: str
    items: str = "@"
    parent: Read | None = None
    bind: Mapping[str, str] = field(default_factory=dict)
    carry: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    with_parent: bool = False
    each: Each | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    split: tuple[Mapping[str, Any], ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    token: tuple[str, str] = ("NextToken", "NextToken")
    service: str = "glue"
    key: str = "Name"
    is_always_listed: bool = False
    union: str = ""
    failures: str = ""
    is_optional: bool = False
    region: str = ""
    warning: str = "Skipped"
    patterns: str = ""
    known: Callable[[Selection, Scope], Known] | None = None
    is_never_called: bool = False
    select: Callable[[Selection, Context, Item], Item | None] | None = None
    place: Callable[[Selection, Context, Item], Context] | None = None
    leads: Callable[[Selection, Item], bool] | None = None
    link: str = ""
    instead: tuple[Read, ...] = ()

    @cached_property
    def chain(self) -> tuple[Read, ...]:
        """The reads that lead here, this one last."""
        return (*(self.parent.chain if self.parent else ()), self)

    @property
    def bound(self) -> tuple[str, ...]:
        """The request members that a call's context has."""
        return tuple(dict.fromkeys(member for read in self.chain for member in read.bind))

    @property
    def unit_members(self) -> tuple[str, ...]:
        """Those of them that name the unit of reading."""
        return tuple(member for member in UNIT_MEMBERS if member in self.bound)

    @property
    def action(self) -> str:
        """The IAM action."""
        return action_of(self.service, self.operation)

    @property
    def told_instead(self) -> str:
        """What is called in its place, in words."""
        actions = " and ".join(sorted({read.action for read in self.instead}))
        return f"{actions} is called for each object instead"

    def items_of(self, answer: Json) -> list[Item]:
        """Return the objects of an answer.

        Args:
            answer: The answer as raw JSON.

        Returns:
            The objects; none where the answer has none.
        """
        found = search(self.items, answer)
        items = found if isinstance(found, list) else [] if found is None else [found]
        if self.union:
            return [{self.union: kind, **item} for one in items for kind, item in one.items()]
        return items

    def wants(self, item: Item) -> bool:
        """Tell whether it is called for an object of the parent."""
        return not self.where or bool(search(self.where, item))

    def calls(self, found: Iterable[tuple[Context, Item]]) -> list[Call]:
        """Return the calls for objects of the parent.

        Values of objects that lead to the same request otherwise share a call.

        Args:
            found: The objects, each with the context of the calls for it.
        """
        if self.each is None:
            return [(context, None) for context, _ in found]
        groups: dict[tuple[Any, ...], tuple[Context, dict[str, Any]]] = {}
        for context, item in found:
            value = search(self.each.path, context.seen(item))
            # A value may be there twice, such as a column's name; it may be a structure.
            known = groups.setdefault(context.identity, (context, {}))[1]
            known.update((str(one), one) for one in (value if isinstance(value, list) else [value]))
        return [
            (context, [*known.values()][start : start + self.each.size])
            for context, known in groups.values()
            for start in range(0, len(known), self.each.size)
        ]

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
        if self.each is not None and self.each.answered:
            missing = {*map(str, request[self.each.member])} - {
                *map(str, search(self.each.answered, answer) or ())
            }
            if missing:
                return f"the answer says nothing of {len(missing)} of the objects asked for"
        return None


@dataclass(frozen=True, eq=False)
class Again:
    """A second look at objects of which a stream's listing leaves something out.

    Attributes:
        read: What is called for them; its parent is the stream's source, its `where` tells them.
        merge: Gives the object from the listing's one and the one that the second look has found;
            what was found takes precedence if it is left out.
        field: The field of the stream that it is for: no second look where that is deselected.
        setting: The setting that it takes, and the value.
    """

    read: Read
    merge: Callable[[Item, Item], Item] = operator.or_
    field: str = ""
    setting: tuple[str, str] | None = None

    def merged(self, source: Read, seen: Iterable[Item], found: Iterable[Item]) -> list[Item]:
        """Return objects of the listing with what a second look has found.

        Args:
            source: The read of the listing.
            seen: Its objects; just one, where the second look has no batches.
            found: What was found for these.
        """
        if self.read.each is None:
            return [self.merge(item, other) for item in seen for other in found] or list(seen)
        by_key = {self.read.key_of(other): other for other in found}
        keyed = ((item, by_key.get(source.key_of(item))) for item in seen)
        return [item if other is None else self.merge(item, other) for item, other in keyed]


def called(reads: Iterable[Read], *, is_pinned: bool) -> tuple[Read, ...]:
    """Return the reads that are called for some reads of streams, each once.

    Args:
        reads: What streams read.
        is_pinned: Whether the settings name the objects of the parents that can be known.
    """
    own = list(reads)
    steps = dict.fromkeys(step for read in own for step in read.chain)
    return tuple(
        step
        for step in steps
        if step in own or not (step.is_never_called or (is_pinned and step.known))
    )
