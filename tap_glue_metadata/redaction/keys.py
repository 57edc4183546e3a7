"""What a key says of its value: words as data, read from the end, where English has the noun."""

import re
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """What stands under a key."""

    SECRET = auto()  # a secret, whatever it looks like
    STORED = auto()  # a secret, or its path or name in a secret store
    KEY = auto()  # a secret if it looks random
    COLUMNS = auto()  # a schema, pattern or predicate, where names of secrets are names of columns
    LOCATION = auto()  # a path or URL
    TEXT = auto()  # anything else


STEMS: Final = (
    r"auth|bearer|cookie|contrasena|cred|jwt|kennwort|key|mfa|mot_?de_?passe|otp|token"
    r"|p(?:ass|at|epper|in|sk|w)|s(?:a[ls]|ecret|enha|ig)"
)
"""Any secret's key has one of these in lower case; few other words have."""

# Keys are judged by their words: `dbPassword` and `DB_PASSWORD` are both `db-password`.
_WORD_BREAK: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_INNOCENT: Final = re.compile(  # no secret, though a word of one is in them
    r"""
    (?<![a-z0-9])(?:client-?request|continuation|cursor|max|min|next|num|page|pagination|resume
        |start(?:ing)?|sync|version)-?tokens?(?=-|$)  # of pages
    | (?<![a-z])(?:business|cache|column|dedup(?:e|lication)?|dist(?:ribution)?|foreign|group|hash
        |idempotency|index|join|kms-.{0,40}|kms|lookup|merge|natural|object|partition(?:ing)?
        |primary|public|record|row|s3|sort|surrogate|unique)-?keys?(?=-|$)  # of rows, and KMS's
    | ^(?:has|is|needs|no|requires?|use)-.* | secrets?-?manager | secretary | pass-?word-?less
    | -[a-z0-9]{1,24}-(?:blob|dfs|file)-core-windows-net$  # an account of Azure's
    """,
    re.VERBOSE,
)
_ABOUT: Final = (  # behind the word of a secret: the value tells about it, and is none
    r"age|alias|arns?|at|changed?|col|columns?|count|date|days|enabled|encryption|endpoint"
    r"|expir(?:ation|ed|es|y)|fields?|file(?:name)?|format|header|hint|ids?|key|label|last|length"
    r"|location|manager|max|method|min|mode|names?|param(?:eter)?s?|path|policy|price|providers?"
    r"|refs?|regex|required|reset|rotat(?:ed|ion)|rules?|santa|scopes?|secrets?|source|ssm"
    r"|stat(?:e|us)|store|strategy|table|timeout|ttl|types?|updated?|ur[il]|var(?:iable)?|version"
)
_BUT: Final = rf"(?!-?(?:{_ABOUT})(?:-|$)|.*-(?:{_ABOUT})$)"
_END: Final = (  # a word that is common elsewhere must be the last one, but for these
    r"(?:-?(?:\d+|v\d|[abx]|b64|base64|current|default|dev|live|new|old|prd|prod(?:uction)?|qa|stg"
    r"|staging|string|test|value)){0,3}$"
)
_SECRET: Final = rf"""
    passw(?:or[dt]|d) | passphrase | passcode | (?<![a-z])pass-(?:code|phrase|wd|word)
    | kennwort | contrasena | senha$ | mot-?de-?passe | pwd(?=[0-9]*(?:-|$))
    | (?:^|-)(?:[a-z]{{1,4}})?pw[0-9]*$ | (?:^|-)(?:db|key|my|store|user)?passw?{_END}
    | (?:^|-)(?:pin|psk)$ | (?:mfa|otp)-?seed | token{_END}
    | (?:access|api|auth|bearer|id|oauth2?|refresh|sas|security|session)-?tokens$
    | secret-?(?:access-?)?key | access-?keys?(?:-?ids?(?=-|$))?
    | (?:access|api|app(?:lication)?|client|consumer|hmac|otp|shared|signing|webhook)-?secret{_END}
    | (?:account|ap-?i|app|auth|client|consumer|encryption|functions?|license|master|pgp|private
        |shared|signing|ssh|storage|subscription)-?keys?(?=-|pem|$)
    | (?:^|-)(?:bearer|cookies?|jwt|pat|pepper|salt|sas|sig){_END} | azure-sas(?=-)
    | (?:^|access-|amz-|goog-)signature$ | (?:amz|goog)-credential$ | authorization$
    | auth(?:orization)?-?code$ | auth-user-info$ | (?:role|vault)-secret-?id$  # HashiCorp Vault
    """
_STORED: Final = rf"(?:secrets?|credentials?|(?:^|-)(?:creds?|(?:basic-)?o?auth2?)){_END}"
_COLUMNS: Final = (
    r"(?:^|-)(?:cast|columns?|fields|filters?|grok|mappings?|patterns?|predicates?|regex|renames?"
    r"|schemas?)(?:-|$)(?!values?$)"
)
_KINDS: Final = tuple(  # the first that matches counts
    (kind, re.compile(pattern, re.VERBOSE))
    for kind, pattern in (
        # OpenX's SerDe, Athena's projection, Spark, Iceberg
        (Kind.COLUMNS, r"^(?:mapping|projection|spark-sql-statistics|write-metadata-metrics)-"),
        (Kind.SECRET, rf"(?:{_SECRET}){_BUT}"),
        (Kind.STORED, rf"(?:{_STORED}){_BUT}"),
        (Kind.KEY, rf"(?:key|token)s?{_END}"),
        (Kind.COLUMNS, _COLUMNS),
        (Kind.LOCATION, r"(?:dir(?:ectory)?|exclusions?|folder|locations?|paths?|ur[il]s?)$"),
    )
)
_LONGEST: Final = 512  # characters, from the end


def kind_of(key: str) -> Kind:
    """Tell what stands under a key, in any casing, its words set apart in any way."""
    words = _INNOCENT.sub("", _WORD_BREAK.sub("-", key[-_LONGEST:]).strip("-").lower())
    return next((kind for kind, pattern in _KINDS if pattern.search(words)), Kind.TEXT)
