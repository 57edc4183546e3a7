from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_glue_metadata.records.type_tree import Node, Primitive, parse, primitive

LEAVES = [
    "int",
    "STRING",
    "decimal(10,2)",
    "decimal(38, 0)",
    "char(5)",
    "varchar(65535)",
    "fixed[16]",
    "timestamp(3) with time zone",
    "timestamp with time zone",
    "double precision",
    "interval day to second",
    "void",
]
# What may stand unquoted in a name of Hive's; a name that itself has a colon is read as well.
NAME_CHARACTERS = "abzAZ019_ .-$+*/%#@!?'éß名🧊"
NAMES = ["select", "array", "struct", "row", "map", "a:b", ":", "price (usd)", "a,b", "x>y", 'x"y']


def tree(type_: str) -> list[tuple[int, int, str, str]]:
    return [(node.depth, node.position, node.name, node.type) for node in parse(type_)]


def names(type_: str) -> list[str]:
    assert parse(type_)[0].is_parsed
    return [node.name for node in parse(type_) if node.depth == 1]


def test_hive() -> None:
    type_ = "struct<Id:bigint,tags:array<map<string,decimal(10,2)>>,u:uniontype<int,array<date>>>"
    assert tree(type_) == [
        (0, 1, "", type_),
        (1, 1, "Id", "bigint"),
        (1, 2, "tags", "array<map<string,decimal(10,2)>>"),
        (2, 1, "element", "map<string,decimal(10,2)>"),
        (3, 1, "key", "string"),
        (3, 2, "value", "decimal(10,2)"),
        (1, 3, "u", "uniontype<int,array<date>>"),
        (2, 1, "member0", "int"),
        (2, 2, "member1", "array<date>"),
        (3, 1, "element", "date"),
    ]
    assert [node.kind for node in parse(type_)] == [
        *("struct", None, "array", "map", None, None, "uniontype", None, "array", None)
    ]


def test_athena() -> None:
    type_ = 'row(a int, "B c" array(varchar(10)), at timestamp(3) with time zone, m map(int, time))'
    assert tree(type_) == [
        (0, 1, "", type_),
        (1, 1, "a", "int"),
        (1, 2, "B c", "array(varchar(10))"),
        (2, 1, "element", "varchar(10)"),
        (1, 3, "at", "timestamp(3) with time zone"),
        (1, 4, "m", "map(int, time)"),
        (2, 1, "key", "int"),
        (2, 2, "value", "time"),
    ]
    assert parse(type_)[0].kind == "struct"


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("struct<a.b:int,a-b:int,$a:int,a b:int>", ["a.b", "a-b", "$a", "a b"]),
        ("struct<größe:int,名前:int,🧊:int>", ["größe", "名前", "🧊"]),
        ("struct<a:b:int,::int>", ["a:b", ":"]),
        ("struct<Select:int,ARRAY:array<int>,struct:struct<>>", ["Select", "ARRAY", "struct"]),
        ("struct<price (usd):int,a,b:int,x>y:int>", ["price (usd)", "a,b", "x>y"]),
        ("struct<`a``:,>`:int,`:int>", ["a`:,>", "`"]),
        ('struct<"a"":,>":int,x"y:int>', ['a":,>', 'x"y']),
        ("struct< a : int, b: int >", ["a", "b"]),
        ("struct<:int>", [""]),
        ("row(a int, b.c int, $d int)", ["a", "b.c", "$d"]),
        ('row("a ""b""," int, `c d` int)', ['a "b",', "c d"]),
        (
            "row(int, decimal(10,2), row(x int), time with time zone)",
            [f"field{n}" for n in range(4)],
        ),
        ("row(time time, row row(int), double double precision)", ["time", "row", "double"]),
        ("row<a int, b string>", ["a", "b"]),
        ("struct<>", []),
        ("row()", []),
    ],
)
def test_names(type_: str, expected: list[str]) -> None:
    assert names(type_) == expected


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("bigint", Primitive("bigint")),
        ("STRING", Primitive("string")),
        ("char(5)", Primitive("char", length=5)),
        ("varchar( 20 )", Primitive("varchar", length=20)),
        ("fixed[16]", Primitive("fixed", length=16)),
        ("decimal(10,2)", Primitive("decimal", 10, 2)),
        ("Decimal(38, 0)", Primitive("decimal", 38, 0)),
        ("decimal(9)", Primitive("decimal", 9, 0)),
        ("decimal", Primitive("decimal")),
        ("decimal(p,s)", Primitive("decimal")),
        ("timestamp(6)  with  time zone", Primitive("timestamp with time zone", 6)),
        ("timestamp", Primitive("timestamp")),
        ("interval day to second", Primitive("interval day to second")),
        ("geometry(srid:4326)", Primitive("geometry")),
        ("varchar(" + "9" * 5000 + ")", Primitive("varchar")),
        ("decimal(10,2", Primitive("decimal", 10, 2)),
        ("", Primitive("")),
    ],
)
def test_primitive(type_: str, expected: Primitive) -> None:
    assert primitive(type_) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "array<int",
        "array<int>>",
        "array<>",
        "array<int,int>",
        "array<int)",
        "array<a:int>",
        "map<int>",
        "map<int,int,int>",
        "uniontype<>",
        "struct<a>",
        "struct<a:int,>",
        "struct<a:>",
        "struct<a:int>x",
        "struct<a:struct<int>,b:int>",
        "row(a int",
        "unknown<int>",
        "int,int",
        ",",
        ">",
        "decimal(10,2",
    ],
)
def test_text_that_is_no_type_is_one_leaf(text: str) -> None:
    assert parse(text) == [Node(text, 0, len(text), is_parsed=False)]


MILLION = 1_000_000


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("array<" * 142_857 + "int" + ">" * 142_857, 142_858),
        ("struct<a:" * 100_000 + "int" + ">" * 100_000, 100_001),
        ("row(a " * 143_000 + "int" + ")" * 143_000, 143_001),
        ("map<int," * 111_111 + "int" + ">" * 111_111, 222_223),
        ("struct<" + ",".join(["a:int"] * 166_666) + ">", 166_667),
        ("array<" * 166_667, 1),
        ("(" * MILLION, 1),
        ("struct<" + ":" * MILLION, 1),
        ("struct<" + "`" * MILLION, 1),
        ("struct<" + "`a:int," * 142_857, 1),
        ("row(" + '"a, ' * 250_000, 1),
        ("row(" + " " * MILLION + "a int)", 2),
        ("struct<a" + " " * MILLION + ":int>", 2),
        ("int" + " " * MILLION + ",", 1),
        ("decimal(" + "1," * 500_000 + ")", 1),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else None,
)
def test_a_million_characters(text: str, count: int) -> None:
    assert len(text) > 0.99 * MILLION
    nodes = parse(text)
    assert len(nodes) == count
    assert nodes[0].type == text


class Generator:
    """Writes types together with the tree that is to be read."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same types at each run
        self.expected: list[tuple[int, int, str, str]] = []

    def type_(self, name: str = "", position: int = 1, depth: int = 0) -> str:
        index = len(self.expected)
        self.expected.append((0, 0, "", ""))  # its place in the order, filled in below
        choose = self._random.choice
        kind = choose(["leaf", "array", "map", "uniontype", "struct", "row"]) if depth < 5 else ""
        text = getattr(self, f"_{kind}", self._leaf)(depth)
        self.expected[index] = (depth, position, name, text)
        return str(text)

    def _leaf(self, _: int) -> str:
        return self._random.choice(LEAVES)

    def _within(self, word: str, parts: list[str]) -> str:
        left, right = self._random.choice([("<", ">"), ("(", ")")])
        word = self._random.choice([word, word.upper()])
        comma = self._random.choice([",", ", "])
        return f"{word}{left}{comma.join(parts)}{right}"

    def _array(self, depth: int) -> str:
        word = self._random.choice(["array", "list"])
        return self._within(word, [self.type_("element", 1, depth + 1)])

    def _map(self, depth: int) -> str:
        parts = [self.type_(name, n, depth + 1) for n, name in enumerate(("key", "value"), 1)]
        return self._within("map", parts)

    def _uniontype(self, depth: int) -> str:
        count = self._random.randint(1, 3)
        return self._within(
            "uniontype", [self.type_(f"member{n}", n + 1, depth + 1) for n in range(count)]
        )

    def _struct(self, depth: int) -> str:
        parts = []
        for number in range(self._random.randint(0, 4)):
            name = self._name()
            written = self._random.choice([name, self._quoted(name)])
            separator = self._random.choice([":", ": "])
            parts.append(f"{written}{separator}{self.type_(name, number + 1, depth + 1)}")
        return self._within("struct", parts)

    def _row(self, depth: int) -> str:
        parts = []
        for number in range(self._random.randint(0, 4)):
            name = self._random.choice([self._name(), f"field{number}"])
            written = "" if name.startswith("field") else f"{self._quoted(name)} "
            parts.append(written + self.type_(name, number + 1, depth + 1))
        return self._within("row", parts)

    def _name(self) -> str:
        length = self._random.randint(1, 6)
        name = "".join(self._random.choices(NAME_CHARACTERS, k=length)).strip()
        return self._random.choice([name or "x", self._random.choice(NAMES)])

    def _quoted(self, name: str) -> str:
        quote = self._random.choice('`"')
        return quote + name.replace(quote, quote * 2) + quote


def test_ten_thousand_generated_types_round_trip() -> None:
    for seed in range(10_000):
        generator = Generator(seed)
        type_ = generator.type_()
        assert tree(type_) == generator.expected, (seed, type_)


@given(
    st.text()
    | st.text(alphabet='abint:,<>()`" \t').map(lambda text: f"struct<{text}>")
    | st.lists(
        st.sampled_from(["struct<", "row(", "map<", "array(", "a:", "a ", "int", ",", ">", ")"])
    ).map("".join)
)
def test_any_text_is_a_tree_in_order(text: str) -> None:
    nodes = parse(text)
    assert nodes[0].depth == 0
    open_: list[Any] = []
    for node in nodes:
        del open_[node.depth :]
        assert len(open_) == node.depth
        if open_:
            above = open_[-1]
            assert above.start < node.start < node.end < above.end
            assert node.position <= above.size
        open_.append(node)
    assert sum(node.size for node in nodes) == len(nodes) - 1
