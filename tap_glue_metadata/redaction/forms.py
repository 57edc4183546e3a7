"""How a text ties a value to its name: what is before the name, and what follows it."""

from __future__ import annotations

import re
from typing import Final

# Words that are half of a name where only a space parts them: `API key`, `secret access key`.
NAME: Final = re.compile(
    r"(?<![\w.$/-])-{0,2}(?P<name>(?:(?i:access|account|api|app|client|private|secret|shared) "
    r"(?=(?i:access|id|key|pass|secret|sig|token))){0,2}[\w$][\w.$-]{0,255})"
)
_Q: Final = r"""(?P<esc>\\{0,7})(?P<q>["'])(?P<value>(?:''|(?!(?<!\\)(?P=esc)(?P=q)).)*)"""
# A password may hold any sign: one ends it only if what follows cannot be more of it.
_BARE: Final = (
    r"""(?P<value>(?!=)(?:\$?\{[^{}\s]{1,200}\}|\[[^\[\]]{1,200}\]|[^\s;&,"'`(){}\[\]<>|\\]"""
    r"""|[;&,"'`(){}\[\]<>|\\](?=[\w!@#$%^*+=~?-])(?![\w.-]{1,64}\s?[=:]))+)"""
)
_END: Final = r"\\{0,7}[\"'`]?\]?"  # of a name
_LINE: Final = r"(?=[ \t]{0,8}\r?(?:\n|\Z))"
FORMS: Final = tuple(
    (re.compile(rf"(?:{before})\Z"), re.compile(form, re.DOTALL))
    for before, form in (
        ("", rf"{_END}\s{{0,4}}(?::?={{1,3}}>?|->|:(?!:))\s{{0,4}}{_Q}"),  # password = "x"
        (r";\s?", r"\s?=\s?(?P<value>[^;=\n\"'&]{1,128})(?=;|\s?\Z)"),  # Server=h;Password=a b;
        (r"\A", r"\s?=\s?(?P<value>[^;=\n\"'&]{1,128})(?=;)"),
        ("", rf"{_END}(?::?={{1,3}}>?|->){_BARE}"),  # password=x
        (r"(?:\A|\n)[ \t]{0,64}(?:export |set )?", rf"[ \t]{{0,8}}=[ \t]{{1,8}}(?![=\"'])(?P<value>\S[^\n]*?){_LINE}"),
        (r"\A\s{0,64}", rf":[ \t]{{1,8}}(?![\"'|>&*\[{{])(?=\S{{0,256}}[^a-z\s])(?P<value>\S+){_LINE}"),
        (r"\n[ \t]{0,64}(?:- )?", rf":[ \t]{{1,8}}(?![\"'|>&*\[{{])(?P<value>\S+){_LINE}"),  # YAML
        (r"[\"']", r":\s{1,4}(?P<value>[^\"'\n]{1,4096})(?=[\"'])"),  # -H 'X-Api-Key: x'
        ("", r":\s{1,4}(?P<value>[^\s,{}\[\]\"']{1,256})(?=\s?\}|,\s?[\w.-]{1,64}:\s)"),  # {user: u, password: x}
        ("", rf"\\{{0,7}}[\"']\s{{0,4}}:\s{{0,4}}(?![a-z]{{1,2}}[\"']){_BARE}"),  # 'password': 5
        (r"-", rf"\s{{1,4}}(?!-)(?:(?=\\{{0,7}}[\"']){_Q}|{_BARE.replace('<value>', '<bare>')})"),  # --password x
        ("", rf"\s{{1,8}}(?=')(?!' ?[,)]){_Q}"),  # SQL: PASSWORD 'x'
        (r"(?:-|(?i:option|property|put|set|conf|config|env|header|add\w{0,16})\(\s?\\?[\"'])", rf"\\{{0,7}}[\"']\s{{0,4}},\s{{0,4}}{_Q}"),  # .option("password", "x"), ["--password", "x"]
        ("", rf"\\{{0,7}}[\"']\s{{0,4}},\s{{0,4}}\\{{0,7}}[\"']\w{{0,24}}[vV]alue\\{{0,7}}[\"']\s{{0,4}}:\s{{0,4}}{_Q}"),
        ("", rf",\s?\w{{0,24}}[vV]alue={_BARE}"),  # ParameterKey=DbPassword,ParameterValue=x
        ("", r"\s(?P<value>(?=[\w+/=-]{0,64}\d)[\w+/=-]{32,})(?![^\s\"'])"),  # aws configure set
        (r"<", r"[^<>]{0,64}>(?P<value>[^<]{1,4096})"),  # <password>x</password>
        (r">\s{0,8}", r"\s{0,8}</\w{1,32}>\s{0,64}<\w{0,32}[vV]alue>(?P<value>[^<]{1,4096})"),  # Hadoop's XML
        (r"[\"']", rf"[\"']\s{{1,8}}[vV]alue={_Q}"),  # <property name="password" value="x"/>
    )
)
# In prose a value shows by its looks alone, and only what a person calls a password or the like.
PROSE: Final = re.compile(
    r"(?:\s[a-z]{1,12}){0,4}?\s{0,2}(?::|=|\bis\b|\bwas\b)\s{1,4}[\"']?"
    r"(?P<value>(?=[^\s\d]{0,64}\d)(?=[^\sA-Za-z]{0,64}[A-Za-z])(?!\w{0,8}-?(?:bit|byte|digit|char))[^\s\"',;()]{6,64})"
)
TIES: Final = rf"[\w.-]{{0,64}}(?:{_END}\s{{0,4}}(?:[:=]|->)|\\{{0,7}}[\"']\s{{0,4}},|\s{{0,4}}[<>]|\s{{1,4}}'|(?:\s[a-z]{{1,12}}){{0,4}}\s(?:is|was)\s|\s[\w+/=-]{{32}}|[\"']\s{{1,8}}value=)"
BEFORE_COMPARISON: Final = re.compile(r"\b(?:where|and|or|on|when|having|not)\s+\(?[\"`]?\Z", re.IGNORECASE)
COMPARISON: Final = re.compile(r"[\"'`]?\s{0,4}={1,2}(?:\s|')")
BEHIND_COMPARISON: Final = re.compile(r"['\"]?\s+(?:and|or)\b", re.IGNORECASE)
