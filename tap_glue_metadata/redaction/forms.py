"""How a text gives a value to a name: what is before the name, and what follows it."""

import re
from typing import Final

# Words that are half of a name where only a space parts them: `API key`, `secret access key`.
NAME: Final = re.compile(
    r"(?<![\w.$/-])-{0,2}(?P<name>(?:(?i:access|account|api|app|client|private|secret|shared) "
    r"(?=(?i:access|id|key|pass|secret|sig|token))){0,2}[\w$][\w.$-]{0,255})"
)
TIES: Final = r"[\w.-]{0,64}[\s:=\"'`\]\\,<>]"
"""What a text in lower case holds behind the stem of a name, if it gives it a value."""

_QUOTED: Final = r"""(?P<esc>\\{0,7})(?P<q>["'])((?:''|(?!(?<!\\)(?P=esc)(?P=q)).)*)"""
# A password may hold any sign: one ends it only if what follows cannot be more of it.
_BARE: Final = (
    r"""((?!=)(?:\$?\{[^{}\s]{1,200}\}|\[[^\[\]]{1,200}\]|[^\s;&,"'`(){}\[\]<>|\\]"""
    r"""|[;&,"'`(){}\[\]<>|\\](?=[\w!@#$%^*+=~?-])(?![\w.-]{1,64}\s?[=:]))+)"""
)
_END: Final = r"\\{0,7}[\"'`]?\]?"  # of a name
_SIGN: Final = r"(?::?={1,3}>?|->)"
_VALUE: Final = rf"(?:(?=\\{{0,7}}[\"']){_QUOTED}|{_BARE})"
_LINE: Final = r"\s?(?:=\s(?=[^=\"'\s])([^\n]+?)|:\s(?![\"'|>&*\[{])(\S+))[ \t\r]{0,8}(?=\n|\Z)"
_SETTER: Final = r"(?i:option|property|put|set|conf|config|env|header|add\w{0,16})\(\s?\\?[\"']"
_SPEC: Final = r"[\\\"']{0,8}[\s,]{1,8}[\\\"']{0,8}\w{0,24}[vV]alue"
_LOOKS: Final = (  # of a password in prose
    r"(?=[^\s\d]{0,64}\d)(?=[^\sA-Za-z]{0,64}[A-Za-z])(?!\d=|\w{0,8}-?(?:bit|byte|digit|char))"
)
_CASES: Final = r"(?=\S{0,64}[a-z])(?=\S{0,64}[A-Z])"
_NEXT: Final = r"(?:</\w{1,32}>\s{0,64}<\w{0,32}[vV]alue)?"
_SAYS: Final = r"(?:\s[a-z]{1,12}){0,4}?\s{0,2}(?::\s{0,4}|(?:=|\bis|\bwas|\bset to)\s{1,4})[\"']?"
_FORMS: Final = tuple(  # the first that matches counts; the last group is the value
    (re.compile(rf"(?:{before})\Z"), re.compile(form, re.DOTALL))
    for before, form in (
        ("", rf"{_END}\s{{0,4}}(?:{_SIGN}|:(?!:))\s{{0,4}}{_QUOTED}"),  # password = "x"
        (r"\A|;\s?", r"=([^;=\n\"'&]{1,128})(?=;|\s?\Z)"),  # Server=h;Password=a b;
        ("", rf"{_END}{_SIGN}{_BARE}"),  # password=x
        (r"\n[ \t]{0,64}(?:export |set |- )?", _LINE),  # properties and YAML
        ("", r":\s{1,4}([^\s,{}\[\]\"']{1,256})(?=\s?\}|,\s?[\w.-]{1,64}:\s)"),  # {password: x}
        ("", rf"\\{{0,7}}[\"']\s{{0,4}}:\s{{0,4}}(?![a-z]{{1,2}}[\"']){_BARE}"),  # 'password': 5
        ("-", rf"\s{{1,4}}(?!-){_VALUE}"),  # --password x
        # SQL: PASSWORD 'x'
        ("", rf"(?<![ (]token)(?<![ (]secret)\s{{1,8}}(?=')(?!' ?[,)]){_QUOTED}"),
        # .option("password", "x"), ["--password", "x"]
        (rf"-|{_SETTER}", rf"\\{{0,7}}[\"']\s{{0,4}},\s{{0,4}}{_QUOTED}"),
        # ParameterKey=DbPassword,ParameterValue=x; <add key="password" value="x"/>
        ("", rf"{_SPEC}[\\\"']{{0,8}}\s?[:=]\s?{_VALUE}"),
        # PASSWORD Ab1cde; aws configure set
        ("", rf"\s({_LOOKS}{_CASES}[^\s\"',;:/=()]{{6,64}}|{_LOOKS}[\w+/=-]{{32,}})(?!\S)"),
        # <password>x</password>; Hadoop's <name>password</name><value>x</value>
        ("[<>\"']", rf"[\"']?(?:\s[^<>]{{0,64}})?{_NEXT}>([^<]{{1,4096}})(?=</)"),
        ("", rf"{_END}{_SAYS}({_LOOKS}[^\s\"',;()]{{6,64}})"),  # the password of x is y
    )
)
# SQL's predicates give no value: `where token = 'x'`, `token = 'x' and`; nor does `a = t.a`.
_BEFORE: Final = re.compile(r"\b(?:where|and|or|on|when|having|not)\s+\(?[\"`]?\Z", re.IGNORECASE)
_EQUALS: Final = re.compile(r"[\"'`]?\s{0,4}={1,2}(?:\s|')")
_BEHIND: Final = re.compile(r"['\"]?\s+(?:and|or)\b", re.IGNORECASE)
_WINDOW: Final = 80


def given(text: str, name: re.Match[str]) -> tuple[int, int] | None:
    """Find where the value is that a text gives to a name; a predicate gives none."""
    start, end = name.span("name")
    window = text[max(0, start - _WINDOW) : start]
    for before, form in _FORMS:
        if before.search(window) and (match := form.match(text, end)):
            value = match.span(match.lastindex or 0)
            is_predicate = _EQUALS.match(text, end) and (
                _BEFORE.search(window) or _BEHIND.match(text, match.end())
            )
            _, dot, column = text[slice(*value)].rpartition(".")
            is_column = dot and column and name["name"].endswith(column)
            return None if is_predicate or is_column else value
    return None
