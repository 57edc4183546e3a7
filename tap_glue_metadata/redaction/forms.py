"""How a text gives a value to a name: what is before the name, and what follows it."""

import re
from typing import Final

# Words that are half of a name where only a space parts them: `API key`, `secret access key`.
NAME: Final = re.compile(
    r"(?<![\w.$/-])-{0,2}(?P<name>(?:(?i:access|account|api|app|client|private|secret|shared) "
    r"(?=(?i:access|id|key|pass|secret|sig|token))){0,2}[\w$][\w.$-]{0,255})"
)
_QUOTED: Final = r"""(?P<esc>\\{0,7})(?P<q>["'])((?:''|(?!(?<!\\)(?P=esc)(?P=q)).)*)"""
# A password may hold any sign: one ends it only if what follows cannot be more of it.
_BARE: Final = (
    r"""((?!=)(?:\$?\{[^{}\s]{1,200}\}|\[[^\[\]]{1,200}\]|[^\s;&,"'`(){}\[\]<>|\\]"""
    r"""|[;&,"'`(){}\[\]<>|\\](?=[\w!@#$%^*+=~?-])(?![\w.-]{1,64}\s?[=:]))+)"""
)
_END: Final = r"\\{0,7}[\"'`]?\]?"  # of a name
_SIGN: Final = r"(?::?={1,3}>?|->)"
_LINE: Final = r"(?=[ \t]{0,8}\r?(?:\n|\Z))"
_SETTER: Final = r"(?i:option|property|put|set|conf|config|env|header|add\w{0,16})\(\s?\\?[\"']"
_COMMA: Final = r"\\{0,7}[\"']\s{0,4},\s{0,4}"
_PROSE: Final = (  # where a value shows by its looks alone
    r"(?:\s[a-z]{1,12}){0,4}?\s{0,2}(?::\s{0,4}|(?:=|\bis|\bwas|\bset to)\s{1,4})[\"']?"
    r"((?=[^\s\d]{0,64}\d)(?=[^\sA-Za-z]{0,64}[A-Za-z])"
    r"(?!\d=|\w{0,8}-?(?:bit|byte|digit|char))[^\s\"',;()]{6,64})"
)
_ASSIGNED: Final = r"[ \t]{0,8}=[ \t]{1,8}(?![=\"'])"  # in properties files
_MAPPED: Final = r":[ \t]{1,8}(?![\"'|>&*\[{])"  # in YAML
_NO_PROSE: Final = r"(?=[^\n]{0,256}[^A-Za-z\s])"
FORMS: Final = tuple(  # the first that matches counts; the last group is the value
    (re.compile(rf"(?:{before})\Z"), re.compile(form, re.DOTALL))
    for before, form in (
        ("", rf"{_END}\s{{0,4}}(?:{_SIGN}|:(?!:))\s{{0,4}}{_QUOTED}"),  # password = "x"
        (r";\s?", r"\s?=\s?([^;=\n\"'&]{1,128})(?=;|\s?\Z)"),  # Server=h;Password=a b;
        (r"\A", r"\s?=\s?([^;=\n\"'&]{1,128})(?=;)"),
        ("", rf"{_END}{_SIGN}{_BARE}"),  # password=x
        (r"\A\s{0,64}", rf"{_ASSIGNED}{_NO_PROSE}(\S[^\n]*?){_LINE}"),
        (r"\A\s{0,64}", rf"{_MAPPED}{_NO_PROSE}(\S+){_LINE}"),
        (r"\n[ \t]{0,64}(?:export |set )?", rf"{_ASSIGNED}(\S[^\n]*?){_LINE}"),
        (r"\n[ \t]{0,64}(?:- )?", rf"{_MAPPED}(\S+){_LINE}"),
        (r"[\"']", r":\s{1,4}([^\"'\n]{1,4096})(?=[\"'])"),  # -H 'X-Api-Key: x'
        # YAML's flow: {user: u, password: x}
        ("", r":\s{1,4}([^\s,{}\[\]\"']{1,256})(?=\s?\}|,\s?[\w.-]{1,64}:\s)"),
        ("", rf"\\{{0,7}}[\"']\s{{0,4}}:\s{{0,4}}(?![a-z]{{1,2}}[\"']){_BARE}"),  # 'password': 5
        ("-", rf"\s{{1,4}}(?!-)(?:(?=\\{{0,7}}[\"']){_QUOTED}|{_BARE})"),  # --password x
        # SQL: PASSWORD 'x'
        ("", rf"(?<![ (]token)(?<![ (]secret)\s{{1,8}}(?=')(?!' ?[,)]){_QUOTED}"),
        (rf"-|{_SETTER}", rf"{_COMMA}{_QUOTED}"),  # .option("password", "x"), ["--password", "x"]
        ("", rf"{_COMMA}\\{{0,7}}[\"']\w{{0,24}}[vV]alue{_END}\s{{0,4}}:\s{{0,4}}{_QUOTED}"),
        ("", rf",\s?\w{{0,24}}[vV]alue={_BARE}"),  # ParameterKey=DbPassword,ParameterValue=x
        # PASSWORD Ab1cde
        ("", r"\s((?=\S{0,64}\d)(?=\S{0,64}[a-z])(?=\S{0,64}[A-Z])[^\s\"',;:/=()]{6,64})(?!\S)"),
        ("", r"\s((?=[\w+/=-]{0,64}\d)[\w+/=-]{32,})(?![^\s\"'])"),  # aws configure set
        (r"[<\"']", r"[\"']?(?:\s[^<>]{0,64})?>([^<]{1,4096})(?=</)"),  # <password>x</password>
        (r">\s{0,8}", r"\s{0,8}</\w{1,32}>\s{0,64}<\w{0,32}[vV]alue>([^<]{1,4096})"),  # Hadoop
        (r"[\"']", rf"[\"']\s{{1,8}}[vV]alue={_QUOTED}"),  # <property name="password" value="x"/>
        ("", _PROSE),  # the password of x is y
    )
)
TIES: Final = (
    rf"[\w.-]{{0,64}}(?:{_END}\s{{0,4}}(?:[:=]|->)|\\{{0,7}}[\"']\s{{0,4}},|\s{{0,4}}[<>]|\s{{1,4}}'"
    r"|(?:\s[a-z]{1,12}){0,4}\s(?:is|was|set to)\s|\s\S{0,64}\d"
    r"|,\s?\w{0,24}value=|[\"']\s{1,8}value=)"
)
"""What a text in lower case holds behind the stem of a name, if it gives it a value."""

_BEFORE: Final = re.compile(r"\b(?:where|and|or|on|when|having|not)\s+\(?[\"`]?\Z", re.IGNORECASE)
_EQUALS: Final = re.compile(r"[\"'`]?\s{0,4}={1,2}(?:\s|')")
_BEHIND: Final = re.compile(r"['\"]?\s+(?:and|or)\b", re.IGNORECASE)
_COLUMN: Final = re.compile(r"\w{1,128}\.(\w{1,128})")
_WINDOW: Final = 80


def given(text: str, name: re.Match[str]) -> tuple[int, int] | None:
    """Find where the value is that a text gives to a name; a predicate gives none."""
    start, end = name.span("name")
    window = text[max(0, start - _WINDOW) : start]
    for before, form in FORMS:
        if before.search(window) and (match := form.match(text, end)):
            value = match.span(match.lastindex or 0)
            column = _COLUMN.fullmatch(text, *value)
            if column and text.endswith(column[1], 0, end):
                return None
            compares = _EQUALS.match(text, end) and (
                _BEFORE.search(window) or _BEHIND.match(text, match.end())
            )
            return None if compares else value
    return None
