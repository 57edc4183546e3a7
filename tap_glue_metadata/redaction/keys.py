"""What a key says of its value: words as data, read from the end, where English has the noun."""

import re
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """What stands under a key."""

    SECRET = auto()  # a secret, whatever it looks like
    STORED = auto()  # a secret, or the path of one in a secret store
    NAMED = auto()  # a secret, or the path or name of one in a secret store
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
    (?<![a-z0-9])(?:client-?request|continuation|cursor|idempotency|max|min|next|num|(?:next-?)?page
        |pagination|paging|resume|start(?:ing)?|sync|version)-?tokens?(?=-|$)
    | (?<![a-z])(?:business|cache|column|dedup(?:e|lication)?|dist(?:ribution)?|foreign|group|hash
        |idempotency|index|join|lookup|merge|natural|object|order|partition(?:ing)?|pre-?combine
        |primary|public|range|record|routing|row|s3|sort|surrogate|unique)-?keys?(?=-|$)
    | kms(?:-(?:customer|data|encryption|managed|master))*-?keys?
    | ^(?:has|is|needs|no|requires?|use)-.*
    | secrets?-?manager | secretar(?:y|ies|iat) | pass-?word-?less
    | -[a-z0-9]{1,24}-(?:blob|dfs|file)-core-windows-net$  # an account of Azure's
    # What names a column: OpenX's SerDe, Athena's projection, Spark, Iceberg.
    | ^(?:mapping|projection|spark-sql-statistics|write-metadata-metrics)-.*
    """,
    re.VERBOSE,
)
_ABOUT: Final = re.compile(  # behind the word of a secret: the value tells about it, and is none
    r"a(?:ge|lgorithms?|lias|rns?|t|ttempts?|udience)|changed?|class(?:es)?|col|columns?|count|date"
    r"|days|duration|enabled|encoding|encryption|endpoint|expir(?:ation|ed|es|y)|factory|fields?"
    r"|file(?:name)?|flag|format|header|hint|ids?|interval|issuer|key|label|last|length|level|limit"
    r"|location|manager|max|method|min|mode|names?|param(?:eter)?s?|path|policy|price|properties|regex"
    r"|providers?|refs?|reference|required|reset|rotat(?:ed|ion)|rules?|santa|scopes?|secrets?"
    r"|source|ssm|stat(?:e|us)|store|strategy|strength|table|timeout|ttl|types?|updated?|uri|url"
    r"|usage|used|validity|var(?:iable)?|version"
)
_END: Final = (  # a word that is common elsewhere must be the last one, but for these
    r"(?:-?(?:\d{1,4}|v\d|[abx]|b64|base64|current|default|dev|encoded|encrypted|hex|hash|json|live"
    r"|new|old|plain|prev(?:ious)?|prd|prod(?:uction)?|qa|raw|sandbox|staging|stg|string|test|text"
    r"|uat|value)){0,3}$"
)
_SECRET: Final = rf"""
    password|passwort|kennwort|passwd|passphrase|passcode|contrasena|senha$|mot-?de-?passe
    | (?<![a-z])pass-?(?:code|key|phrase|wd|word) | (?:mfa|otp)-?(?:seed|secret)
    | (?:^|-)(?:admin|db|key|login|my|root|smtp|sql|store|user)?passw?{_END}
    | pwd(?=[0-9]*(?:-|$)) | (?:^|-)(?:[a-z]{{1,4}})?pw[0-9]*$ | (?:^|-)(?:pin|psk)$
    | token{_END} | secret-?(?:access-?)?key(?!-(?:name|arn|id)$) | access-?keys?(?:-?ids?(?=-|$))?
    | (?:access|api|auth|bearer|id|oauth2?|personal|refresh|sas|security|session)-?tokens$
    | (?:access|api|app(?:lication)?|client|consumer|hmac|jwt|oauth2?|shared|signing|webhook)
        -?secret{_END}
    | (?:account|ap-?i|app|application|auth|azure|client|consumer|cosmos|encryption|functions?|hmac
        |host|license|master|priv|private|service|shared|signature|signing|storage|subscription
        |symmetric|(?:^|-)(?:aes|anthropic|aws|databricks|datadog|gcp|github|google|gpg|openai|pgp
        |rsa|sa|sendgrid|slack|snowflake|ssh|stripe))-?key(?!board|space|store|tab|word)s?
    | (?:^|-)(?:bearer|cookies?|jwt|pat|pepper|salt|sas|sig){_END} | azure-sas(?=-)
    | access-?signature | (?:^|amz-|goog-)signature$ | (?:amz|goog)-credential$
    | authorization$ | auth(?:orization)?-?code$ | basic-?auth$ | auth-?user-?info$
    | (?:approle|app-role|vault)-(?:[a-z]{{1,20}}-){{0,3}}secret-?id$  # HashiCorp Vault's AppRole
    """
_GRADES: Final = tuple(
    (kind, re.compile(pattern, re.VERBOSE))
    for kind, pattern in (
        (Kind.SECRET, _SECRET),
        (Kind.NAMED, r"[a-z0-9]-secrets?$"),
        (Kind.STORED, rf"(?:secrets?|credentials?|(?:^|-)(?:creds?|o?auth2?)){_END}"),
        (Kind.KEY, rf"(?:^|-|[a-z])(?:key|token)s?{_END}"),
    )
)
_COLUMNS: Final = re.compile(
    r"(?:^|-)(?:cast|columns?|fields|filters?|grok|mappings?|patterns?|predicates?|regex|renames?|schemas?)"
    r"(?:-|$)(?!values?$)"
)
_LOCATION: Final = re.compile(r"(?:dir(?:ectory)?|exclusions?|folder|locations?|paths?|ur[il]s?)$")


def kind_of(key: str) -> Kind:
    """Tell what stands under a key, in any casing, its words set apart in any way."""
    words = _WORD_BREAK.sub("-", key).strip("-").lower()
    if re.search(STEMS, words):
        rest = _INNOCENT.sub(" ", words).strip()
        for kind, pattern in _GRADES:
            end = max((match.end() for match in pattern.finditer(rest)), default=None)
            if end is not None:
                about = rest[end:].strip("- ").split("-")
                if not (_ABOUT.fullmatch(about[0]) or _ABOUT.fullmatch(about[-1])):
                    return kind
    if _COLUMNS.search(words):
        return Kind.COLUMNS
    return Kind.LOCATION if _LOCATION.search(words) else Kind.TEXT
