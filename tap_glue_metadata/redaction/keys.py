"""What a key says about its value: words as data, read from the end, where English has its noun."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final


class Kind(Enum):
    """What stands under a key."""

    SECRET = "a secret, whatever it looks like"
    NAMED = "a secret, or the name of one in a secret store"
    KEY = "a secret if it looks random"
    COLUMNS = "a schema, pattern or predicate: what looks like keys there are names of columns"
    LOCATION = "a path or URL"
    TEXT = "any other text"


STEMS: Final = (
    r"auth|bearer|cookie|contrasena|cred|jwt|kennwort|key|mot_?de_?passe|otp|p(?:ass|at|ins?|sk|w)"
    r"|s(?:a[ls]|ecret|enha|ig)|token|webhook"
)
"""Any secret's key has one of these, in lower case; few other words have."""

# Keys are judged by their words: `dbPassword` and `DB_PASSWORD` are both `db-password`.
_WORD_BREAK: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")

# Taken out before anything is looked for: phrases that are no secret though a word of one is there.
_INNOCENT: Final = re.compile(
    r"""
    # Paging (AWS), limits of language models, SQL's and Spark's keys, AWS KMS, AWS Secrets Manager.
    (?<![a-z0-9])(?:client-?request|continuation|cursor|idempotency|max|min|next|num
        |(?:next-?)?page|pagination|paging|resume|start(?:ing)?|sync|version)-?tokens?(?=-|$)
    | (?<![a-z])(?:business|cache|column|dedup(?:e|lication)?|dist(?:ribution)?|foreign|group|hash
        |idempotency|index|join|lookup|merge|natural|object|order|partition(?:ing)?|pre-?combine
        |primary|public|range|record|routing|row|s3|sort|surrogate|unique)-?keys?(?=-|$)
    | kms(?:-(?:customer|data|encryption|managed|master))*-?keys?
    | secrets?-?manager | secretar(?:y|ies|iat) | pass-?word-?less | ^(?:has|is|needs|no|requires?|use)-.*
    | -[a-z0-9]{1,24}-(?:blob|dfs|file)-core-windows-net$  # an account of Azure's
    # Keys that name a column: OpenX's SerDe, Athena's projection, Iceberg, Spark.
    | ^(?:mapping|projection|spark-sql-statistics|write-metadata-metrics)-.*
    """,
    re.VERBOSE,
)
# Behind the word of a secret these say that the value tells about the secret, and is none itself.
_ABOUT: Final = re.compile(
    r"a(?:ge|lgorithms?|lias|rns?|t|ttempts?|udience)|changed?|class(?:es)?|col|columns?|count|date|days"
    r"|duration|enabled|encoding|encryption|endpoint|expir(?:ation|ed|es|y)|factory|fields?"
    r"|file(?:name)?|flag|format|header|hint|ids?|interval|issuer|key|label|last|length|level|limit"
    r"|location|manager|max|method|min|mode|names?|param(?:eter)?s?|path|policy|price|properties"
    r"|providers?|refs?|reference|required|reset|rotat(?:ed|ion)|rules?|santa|scopes?|secrets?|source"
    r"|ssm|stat(?:e|us)|store|strategy|strength|table|timeout|ttl|types?|updated?|uri|url|usage|used"
    r"|validity|var(?:iable)?|version"
)
# A word that is common elsewhere must be the last one, but for these.
_END: Final = (
    r"(?:-?(?:\d{1,4}|v\d|[ab]|b64|base64|current|default|dev|encoded|encrypted|hex|hash|json|live|new|old"
    r"|plain|prev(?:ious)?|prd|prod(?:uction)?|qa|raw|sandbox|secondary|staging|stg|string|test|text|uat"
    r"|value|x)){0,3}$"
)
_GRADES: Final = tuple(
    (kind, re.compile(pattern, re.VERBOSE))
    for kind, pattern in (
        (
            Kind.SECRET,
            rf"""
            password | passwort | kennwort | passwd | passphrase | passcode | contrasena | senha$
            | mot-?de-?passe | (?<![a-z])pass-?(?:code|key|phrase|wd|word) | (?:^|-)psk$
            | (?:^|-)(?:admin|db|key|login|my|root|smtp|sql|store|user)?pass{_END}
            | pwd(?=[0-9]*(?:-|$)) | (?:^|-)(?:[a-z]{{1,4}})?pw[0-9]*$ | otp-?(?:seed|secret)
            | token{_END} | (?:access|api|auth|bearer|id|oauth2?|personal|refresh|sas|security|session)-?tokens$
            | (?:access|api|app(?:lication)?|client|consumer|hmac|jwt|oauth2?|shared|signing|webhook)-?secret{_END}
            | secret-?(?:access-?)?key(?!-(?:name|arn|id)$)
            | access-?keys?(?:-?ids?(?=-|$))?  # the id is one half of a pair of AWS's keys
            # AWS, Azure (storage, Cosmos DB, functions), Google, Snowflake, PGP, SSH and the like.
            | (?:(?:account|ap-?i|app|application|auth|azure|client|consumer|cosmos|encryption
                |functions?|hmac|host|license|master|priv|private|service|shared|signature|signing
                |storage|subscription|symmetric)
                |(?:^|-)(?:aes|aws|gpg|pgp|rsa|sa|ssh))-?key(?!board|space|store|tab|word)s?
            | (?:^|-)(?:bearer|jwt|sas|sig){_END} | azure-sas(?=-) | access-?signature
            | (?:^|amz-|goog-)signature$ | authorization(?:-?code)?$ | (?:amz|goog)-credential$
            | basic-?auth$ | auth-?user-?info$ | (?:^|-)(?:set-)?cookies?{_END} | (?:^|-)salt{_END}
            | (?:^|-)pat{_END}
            | (?:approle|app-role|vault)-(?:[a-z]{{1,20}}-){{0,3}}secret-?id$  # HashiCorp Vault's AppRole
            """,
        ),
        (Kind.NAMED, rf"(?:secrets?|credentials?|(?:^|-)creds?|(?:^|-)auth){_END}"),
        (Kind.KEY, rf"(?:^|-|[a-z])keys?{_END}"),
    )
)
_COLUMNS: Final = re.compile(
    r"(?:^|-)(?:cast|columns?|fields|grok|(?:apply-?)?mappings?|patterns?|predicates?|regex|schemas?)(?:-|$)(?!values?$)"
)
_LOCATION: Final = re.compile(
    r"(?:directory|dir|exclusions?|folder|locations?|paths?|prefix|templates?|ur[il]s?)$"
)


def kind_of(key: str) -> Kind:
    """Tell what stands under a key.

    Args:
        key: The key, in any casing, its words set apart in any way.
    """
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
