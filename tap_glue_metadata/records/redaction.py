"""Secrets that users leave in arguments, parameters and properties, taken out of records."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REDACTED: Final = "***REDACTED***"
"""What stands in a record in place of a secret."""

# Keys are judged by their words: `dbPassword` and `DB_PASSWORD` are both `db-password`.
_WORD_BREAK: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
# Any secret's key has one of these; few other words have.
_STEMS: Final = re.compile(r"p(?:ass|w)|s(?:ecret|ig|as)|token|cred|key|jwt|auth|bearer")
# Phrases that mean no secret though a word of one is in them.
_INNOCENT: Final = re.compile(
    r"""
    secrets?-?manager | secretar(?:y|ies|iat) | pass-?word-?less
    | (?<![a-z0-9])(?:client-?request|continuation|cursor|idempotency|max|min|next|num
        |(?:next-?)?page|pagination|paging|resume|version)-?tokens?(?=-|$)
    | kms(?:-(?:customer|data|encryption|managed|master))*-?keys?
    # Keys that name a column: OpenX's SerDe, Athena's projection, Iceberg, Spark.
    | ^(?:mapping|projection|spark-sql-statistics|write-metadata-metrics)-.*
    """,
    re.VERBOSE,
)
_SECRET: Final = re.compile(
    r"""
    password | passwd | passphrase | passcode | (?<![a-z])pass-?(?:code|key|phrase|wd|word)
    | (?:^|-)(?:admin|db|key|login|my|root|smtp|sql|store|user)?pass[0-9]*$
    | pwd(?=[0-9]*(?:-|$)) | (?:^|-)pw[0-9]*$
    | secrets? | credentials?
    | token[0-9]*(?=-|$)
    | (?:access|api|auth|bearer|id|oauth2?|personal|refresh|sas|security|session)-?tokens(?=-|$)
    | access-?keys?(?:-?ids?(?=-|$))?  # the id is one half of a pair of AWS's keys
    | (?:(?:account|ap-?i|app|application|auth|azure|cosmos|encryption|hmac|license|master|priv
        |private|shared|signature|signing|storage|subscription|symmetric)
        |(?:^|-)(?:aes|gpg|pgp|rsa|ssh))-?key(?!board|space|store|tab|word)s?
    | (?:^|-)(?:bearer|jwt|sas|sig)$ | azure-sas(?=-) | access-?signature
    | (?:^|amz-|goog-)signature$
    | authorization(?:-?code)?$ | basic-?auth$ | auth-?user-?info$
    | (?:approle|app-role|vault)-(?:[a-z]+-)*secret-?id$  # HashiCorp Vault's, no mere reference
    """,
    re.VERBOSE,
)
# Behind the word of a secret these say that the value tells about the secret, and is none itself.
_ABOUT_SECRETS: Final = re.compile(
    r"algorithm|alias|arns?|audience|class(?:es)?|col|columns?|count|duration|enabled|encoding"
    r"|encryption|endpoint|expir(?:ation|es|y)|factory|fields?|file(?:name)?|format|header|ids?"
    r"|interval|issuer|length|level|limit|location|manager|method|mode|names?|param(?:eter)?|path"
    r"|policy|properties|providers?|required|rotation|scopes?|strategy|timeout|ttl|types?|uri|url"
    r"|validity|var(?:iable)?|version"
)
_REMEMBERED_KEYS: Final = 4096
_LONGEST_REMEMBERED: Final = 256

_HARMLESS: Final = frozenset({"", "true", "false", "null", "none"})
# ARNs, and variables that are filled in elsewhere.
_REFERENCE: Final = re.compile(
    r"(?:aws_iam_role=)?arn:aws[a-z-]*:[\w-]*:[\w-]*:\d*:[\w:/.+=@-]+|\$\{[\w.:/-]+\}"
)


class _Shape(NamedTuple):
    """A kind of secret that shows by its looks."""

    clues: tuple[str, ...]  # of which a text in lower case has one wherever the pattern matches
    pattern: re.Pattern[str]  # keeps its first group

    def is_likely(self, lower: str) -> bool:
        return any(clue in lower for clue in self.clues)


def _shape(clues: str, pattern: str, flags: re.RegexFlag | int = 0) -> _Shape:
    return _Shape(tuple(clues.split("|")), re.compile(pattern, flags))


# Wherever a pattern could run on from many places of a text, it has a bound: time stays linear.
_SHAPES: Final = (
    _shape(
        "private key",
        r"()-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY.*?"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,8}-----|\Z)",
        re.DOTALL,
    ),
    # A token as a URL's user: beside an empty password, or too long for a name.
    _shape("@", r"""(://)[^\s/@:?#\["'<>]+(?=:(?:x-oauth-basic)?@)"""),
    _shape("@", r"""(https?://)[^\s/@:?#\["'<>]{20,}(?=@)""", re.IGNORECASE),
    # A URL's password, but no port; it may hold what should have been escaped.
    _shape(
        "@",
        r"""(://[^\s/@:?#\["'<>]*:)(?!\d{1,5}(?:[/?#;,&\s]|$))"""
        r"""(?:[^\s/?#"'<>]+|[^\s@"'<>]{1,200})(?=@)""",
    ),
    _shape(
        "jdbc:oracle",
        r"""(jdbc:oracle:\w{1,16}:[^\s/@:]{0,128}/)(?:"[^"\s]{1,128}"|[^\s@]{1,128})(?=@)""",
        re.IGNORECASE,
    ),
    # The id of an access key of AWS, and the secret key if it follows.
    _shape(
        "akia|asia|abia|acca",
        r"()(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"
        r"(?:[\s:;,|/]{1,3}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=]))?",
    ),
    _shape(".eyj", r"()(?<![\w-])eyJ[\w-]+\.eyJ[\w-]+(?:\.[\w-]+)*"),  # JSON web tokens
    _shape("ghp_|gho_|ghu_|ghs_|ghr_", r"()(?<!\w)gh[opusr]_\w{20,}"),
    _shape("github_pat_", r"()(?<!\w)github_pat_\w{20,}"),
    _shape("glpat-|gldt-|glrt-", r"()(?<!\w)gl(?:pat|dt|rt)-[\w.-]{16,}"),
    _shape("xox|xapp-", r"()(?<!\w)(?:xox[a-z]|xapp)-[\w-]{10,}"),
    _shape("hooks.slack", r"(hooks\.slack\.com/(?:services|workflows)/)[\w/-]+"),
    _shape("k_live_|k_test_", r"()(?<!\w)[rs]k_(?:live|test)_\w{16,}"),  # Stripe
    _shape("aiza", r"()(?<![\w-])AIza[\w-]{35}(?![\w-])"),  # Google
    _shape("dapi", r"()(?<!\w)dapi[0-9a-f]{32}(?:-\d)?(?!\w)"),  # Databricks
    _shape("hvs.|hvb.", r"()(?<!\w)hv[sb]\.[\w-]{20,}"),  # HashiCorp Vault
    # HTTP's headers, alone or in a command line; in running text what is no English word.
    _shape(
        "authorization",
        r"""(authorization\\{0,7}["']?\s{0,4}[:=]\s{0,4}\\{0,7}["']?"""
        r"""(?:basic|bearer|digest|negotiate|token)[ ]{1,4})[^\s"'\\,;]+""",
        re.IGNORECASE,
    ),
    _shape("bearer", r"(\A\s{0,8}bearer\s{1,8})(?!tokens?\b|auth)\S+(?=\s*\Z)", re.IGNORECASE),
    _shape(
        "bearer",
        r"((?<!\w)(?i:bearer)\s{1,8}(?=[A-Za-z_.~+/-]*?(?:\d|[a-z][A-Z])))[\w.~+/-]+=*",
    ),
    _shape(
        "basic ",
        r"((?<!\w)(?i:basic) {1,8}(?=[A-Za-z+/]*?(?:[0-9=]|[a-z][A-Z])))[A-Za-z0-9+/]{8,}=*",
    ),
    _shape(
        "identified",
        r"""(\bidentified\s{1,8}by\s{1,8}(?:(?:password|values)\s{1,8})?["']?)"""
        r"""(?:(?<=')[^']+|(?<=")[^"]+|(?<!["'])[^\s'";]+)""",
        re.IGNORECASE,
    ),
)
# One look at a text in lower case, for nearly every text has nothing: the clues and the stems.
_CLUE: Final = (
    rf"{_STEMS.pattern}|@|a(?:[ks]ia|bia|cca|iza)|basic |\.eyj|dapi|g(?:h[opusr]_|ithub_pat_"
    r"|l(?:pat|dt|rt)-)|hooks\.slack|hv[sb]\.|identified|k_(?:live|test)_|x(?:ox|app-)"
)
_SHORTEST_TOKEN: Final = 16
_PASSES: Final = 8

# What can stand between a secret's name and its value: a sign, or in SQL space alone. Last: the
# two members of an object in JSON that are name and value.
_TIE: Final = (
    r"""[\w.-]{0,64}(?![\w.-])(?:\\{0,7}["'`]?\]?\s{0,8}(?:[:=]|->)|\s{1,8}'"""
    r"""|\\{0,7}["']\s{0,8},\s{0,8}\\{0,7}["']value)"""
)
# Where other things tie them: flags of a command line, setters of Java and Spark.
_FLAG: Final = re.compile(r"-(?<![\w.-]-)-?[a-z][\w.-]*\s")
_CALL: Final = re.compile(r"""\(\s?\\?["']""")
_SETTER_LENGTH: Final = 16
_SETTER: Final = re.compile(r"""(?:option|property|put|set)\(\s?\\?["']\Z""", re.IGNORECASE)
_NAME: Final = re.compile(
    r"""(?<![\w.-])(?P<name>[\w.-]+)
    (?:(?P<quote>\\{0,7}["'`])?\]?(?P<before>\s{0,8})(?P<sign>:?={1,3}>?|:(?!:)|->|,)(?P<after>\s{0,8})
    |\s{1,8})""",
    re.VERBOSE,
)
_QUOTE: Final = re.compile(r"""\\{0,7}["']""")
_QUOTED: Final = re.compile(
    r"""(\\{1,7})(["'])((?:(?!\2)[^\\]|\\+(?!\2)[^\\]|\1\\+\2)*)  # JSON within JSON
    |"((?:[^"\\]|\\.)*)|'((?:[^'\\]|\\.|'')*)""",
    re.DOTALL | re.VERBOSE,
)
# A password may hold any sign: one ends it only if what follows cannot be more of it.
_BARE: Final = re.compile(
    r"""(?!=)(?:\$?\{[^{}\s]{1,200}\}|\[[^\[\]]{1,200}\]|[^\s;&,"'`(){}\[\]<>|\\]
    |[;&,"'`(){}\[\]<>|\\](?=[\w!@\#$%^*+=~?-])(?![\w.-]{1,64}\s?[=:]))+""",
    re.VERBOSE,
)
_COLUMN: Final = re.compile(r"(\w{1,128})\.\w{1,128}(?![^\s,;)])")
# Properties files and YAML: with space around its sign, a value ends with the line. Behind a colon
# many words are prose.
_LINE: Final = re.compile(
    r"""^([ \t]{0,64}(?:-[ ])?(?P<name>[\w.-]+)
    (?:(?P<colon>:)[ \t]{1,8}|[ \t]{1,8}=[ \t]{0,8}|=[ \t]{1,8}))
    (?P<value>(?![="'])\S(?(colon)\S*|.*?))(?=[ \t]{0,8}\r?$)""",
    re.MULTILINE | re.VERBOSE,
)

# Objects that are a name and its value, as parameters of visual job nodes are.
_PAIR_NAMES: Final = ("Name", "name", "Key", "key")
_PAIR_VALUES: Final = frozenset({"Value", "value", "Values", "values"})
_PLAIN_NAME: Final = re.compile(r"[\w.-]{1,256}")


class Redactor:
    """Takes secrets out of what users wrote into Glue: arguments, parameters, properties.

    A secret is what stands under a key that names one (`--db_password`, `fs.s3a.secret.key`,
    `authToken`), in maps and open objects, and in the JSON, the `name=value` or the `--name value`
    inside a text; the password in a URL; and what shows by its looks: ids of AWS's access keys,
    private keys, JSON web tokens, tokens of well-known services. In doubt it is one.

    What tells about a secret is kept: keys such as `secret_name`, `SECRET_ID`, `password.file`,
    and under any key an ARN or a `${variable}`; and so are null, empty texts and booleans.
    """

    def __init__(self, extra_keys: Iterable[str] = ()) -> None:
        """Compile the globs of further keys.

        Args:
            extra_keys: Globs of keys whose values are secrets, upper and lower case alike; the
                dashes before an argument's name may be left out.
        """
        globs = list(extra_keys)
        literals = "".join(f"|{re.escape(_literal(glob))}" for glob in globs)
        self._extra = [re.compile(translate(glob), re.IGNORECASE) for glob in globs]
        self._clue = re.compile(_CLUE + literals)
        self._tied = re.compile(f"(?:{_STEMS.pattern}{literals}){_TIE}")
        self._remembered: Callable[[str], bool] = lru_cache(_REMEMBERED_KEYS)(self._names_secret)

    def is_secret(self, key: str) -> bool:
        """Tell whether a key names a secret.

        Args:
            key: The key, in any casing, its words set apart in any way.

        Returns:
            True if what stands under it is a secret.
        """
        if len(key) > _LONGEST_REMEMBERED:
            return self._names_secret(key)
        return self._remembered(key)

    def value(self, key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Redact what stands under a key.

        Args:
            key: The key.
            value: Any JSON; it is left as it is.

        Returns:
            A copy without the secrets. Under a key that names one, a text, a number and a list of
            them become `REDACTED`, and so does each of them within an object.
        """
        return _censored(value) if self.is_secret(key) else self.tree(value)

    def tree(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Redact a map, an open object or a list, at any depth.

        Args:
            value: Any JSON; it is left as it is.

        Returns:
            A copy without the secrets.
        """
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            if self._is_secret_pair(value):
                return {
                    key: _censored(inner) if key in _PAIR_VALUES else self.value(key, inner)
                    for key, inner in value.items()
                }
            return {key: self.value(key, inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.tree(inner) for inner in value]
        return value

    def text(self, value: str) -> str:
        """Redact the secrets inside a text.

        Args:
            value: Any text.

        Returns:
            The text without the secrets; JSON is still JSON. The same object if it has none.
        """
        if len(value) < _SHORTEST_TOKEN and value.isalnum():
            return value
        if self._clue.search(value.lower()) is None:
            return value
        # Once more, for a secret taken out can leave another one more visible, until none is found.
        for _ in range(_PASSES):
            before, value = value, self._pass(value)
            if value == before:
                break
        return value

    def _pass(self, text: str) -> str:
        lower = text.lower()
        patterns = [shape.pattern for shape in _SHAPES if shape.is_likely(lower)]
        is_tied = any(pattern.search(lower) for pattern in (self._tied, _FLAG, _CALL))
        if not patterns and not is_tied:
            return text
        if text.lstrip()[:1] in ("{", "[", '"'):
            try:
                return self._json(text)
            except (ValueError, RecursionError, msgspec.EncodeError):
                pass  # no JSON after all, or none that can be written again
        for pattern in patterns:
            text = pattern.sub(rf"\g<1>{REDACTED}", text)
        return _LINE.sub(self._line, self._assignments(text)) if is_tied else text

    def _names_secret(self, key: str) -> bool:
        bare = key.lstrip("-")
        return any(glob.match(key) or glob.match(bare) for glob in self._extra) or (
            _STEMS.search(key.lower()) is not None and _has_secret_words(key)
        )

    def _is_secret_pair(self, members: dict[str, Any]) -> bool:
        """Tell whether an object is a name and its value, and the name that of a secret."""
        if _PAIR_VALUES.isdisjoint(members):
            return False
        names = (members.get(key) for key in _PAIR_NAMES)
        return any(
            isinstance(name, str)
            and _PLAIN_NAME.fullmatch(name) is not None
            and self.is_secret(name)
            for name in names
        )

    def _json(self, text: str) -> str:
        tree = msgspec.json.decode(text)
        redacted = self.tree(tree)
        return text if redacted == tree else msgspec.json.encode(redacted).decode()

    def _assignments(self, text: str) -> str:
        """Redact the values that a text gives to names of secrets."""
        parts = []
        done = position = 0
        while match := _NAME.search(text, position):
            position = match.end()
            # Not remembered: any words of texts would push out the keys that come again and again.
            if self._names_secret(match["name"]):
                start, end, quote = _assigned(text, match)
                if not _gives_nothing_away(text[start:end]):
                    parts += [text[done:start], quote, REDACTED, quote]
                    done = position = end
        return "".join([*parts, text[done:]])

    def _line(self, match: re.Match[str]) -> str:
        if not self._names_secret(match["name"]) or _gives_nothing_away(match["value"]):
            return match[0]
        return f"{match[1]}{REDACTED}"


def _has_secret_words(key: str) -> bool:
    words = _INNOCENT.sub(" ", _WORD_BREAK.sub("-", key).strip("-").lower())
    end = max((match.end() for match in _SECRET.finditer(words)), default=None)
    if end is None:
        return False
    about = words[end:].strip("- ").split("-")
    return not any(map(_ABOUT_SECRETS.fullmatch, (about[0], about[-1])))


def _literal(glob: str) -> str:
    """Return what any key that a glob matches holds in lower case: the longest such text."""
    return "" if "[" in glob else max(re.split(r"[*?]+", glob.lower()), key=len).lstrip("-")


def _gives_nothing_away(text: str) -> bool:
    return text.strip().lower() in _HARMLESS or _REFERENCE.fullmatch(text) is not None


def _censored(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return what is left of a secret: its structure, and what gives nothing away."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if _gives_nothing_away(value) else REDACTED
    if isinstance(value, dict):
        return {key: _censored(inner) for key, inner in value.items()}
    if isinstance(value, list):
        items = [_censored(inner) for inner in value]
        is_nested = any(isinstance(item, (dict, list)) for item in items)
        return items if is_nested or items == value else REDACTED
    return REDACTED


def _assigned(text: str, name: re.Match[str]) -> tuple[int, int, str]:
    """Find the value that a text gives to a name.

    Args:
        text: The text.
        name: The match of `_NAME`.

    Returns:
        Where the value starts and ends (at one place if there is none), and the quotes that the
        replacement needs: a number in JSON has none.
    """
    start = name.end()
    is_quoted = _QUOTE.match(text, start) is not None
    # This comes first: to look for the end of every value would take the square of the length.
    ties = _ties_quoted(text, name) if is_quoted else _ties_bare(text, name)
    value = (_QUOTED if is_quoted else _BARE).match(text, start) if ties else None
    if value is None:
        return start, start, ""
    is_number = name["sign"] == ":" and not is_quoted
    return (*value.span(value.lastindex or 0), name["quote"] if is_number else "")


def _ties_quoted(text: str, name: re.Match[str]) -> bool:
    if name["sign"] is None:  # a flag, or SQL's PASSWORD 'x'
        return name["name"].startswith("-") or text[name.end()] == "'"
    if name["sign"] == ",":
        start = name.start()
        return _SETTER.search(text, max(0, start - _SETTER_LENGTH), start) is not None
    return True


def _ties_bare(text: str, name: re.Match[str]) -> bool:
    if name["sign"] is None:
        return name["name"].startswith("-") and not text.startswith("-", name.end())
    if name["sign"] == ":":
        return name["quote"] is not None
    if "=" not in name["sign"] or name["before"] or name["after"]:
        return False  # SQL and prose put space around the sign
    column = _COLUMN.match(text, name.end())  # and `a.token=b.token` compares columns
    return not (column and name["name"].endswith(column[0].removeprefix(column[1])))
