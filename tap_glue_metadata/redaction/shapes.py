"""What secrets look like, and what merely stands in for one: facts, one line each."""

import re
from itertools import groupby
from operator import itemgetter
from typing import Final

from tap_glue_metadata.redaction.keys import Kind

# Tokens that begin as their issuer decided, for scanners to find them: the beginnings, the rest.
_MIXED: Final = r"(?=(?:[\w+/.=-]{0,24}?(?:[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z])){3})"
_RANDOM: Final = rf"{_MIXED}[\w+/.=-]{{16,}}"
_TOKENS: Final = (
    ("AKIA|ASIA|ABIA|ACCA", r"[A-Z0-9]{16}(?:[\s:;,|/]{1,3}[\w/+]{40})?"),  # AWS: IAM identifiers
    ("AIza|GOCSPX-|1//0|ya29\\.|ABSK|LTAI", _RANDOM),  # Google; gitleaks: Bedrock, Alibaba
    ("gh[opusr]_|github_pat_|glpat-|glrt-|glcbt-|gldt-", _RANDOM),  # GitHub and GitLab: prefixes
    ("ATATT|ATCTT|ATBB|AKCp|sk-|gsk_|hf_|r8_|pplx-|xai-", _RANDOM),  # gitleaks: Atlassian, OpenAI
    ("rk_live_|sk_live_|sk_test_|whsec_|rzp_live_|SG\\.", _RANDOM),  # Stripe, Razorpay, SendGrid
    ("npm_|pypi-AgE|rubygems_|hv[sbr]\\.|pul-|figd_|ntn_", _RANDOM),  # gitleaks: registries, Vault
    (
        "glsa_|glc_|lin_api_|pscale_|sbp_|sq[apu]_|sq0[a-z]{3}-",
        _RANDOM,
    ),  # gitleaks: Grafana, Square
    ("NRAK-|PMAK-|dckr_[op]at_|tskey-|xkeysib-|pat-[en][au]", _RANDOM),  # gitleaks: New Relic ...
    ("do[opr]_v1_|dp\\.[cps][at]\\.|dt0[a-z]\\d\\d\\.|AGE-SECRET-KEY-", _RANDOM),  # gitleaks
    ("xox[a-z]-|xapp-", r"[\w.-]{10,}"),  # Slack: token types
    ("dapi|dose|dkea|shp[acps][ats]_|key-|SK", "[0-9a-f]{32}(?:-[0-9])?"),  # Databricks, Twilio
    ("ey[JK]", r"[\w-]{8,}\.ey[JK][\w-]+(?:\.[\w-]*){0,3}"),  # RFC 7519: JSON web tokens
)
# The others: a clue in lower case, and the pattern, whose last group goes. Where one could run on
# from many places of a text, it is bounded: time stays linear.
_PASSWORD: Final = r"([^\s/?#\"'<>]{1,256}|[^\s@\"'<>]{1,200})(?=@)"  # noqa: S105 - a pattern
_PORT: Final = r"\d{1,5}(?:[/?#;,&\s]|$)"
_URLS: Final = (
    # A token as a URL's user: too long for a name.
    ("@", r"(?<=https://)([^\s/@:?#\[\"'<>{}]{12,512})(?=(?::(?:x-oauth-basic)?)?@)"),
    ("@", rf"(?<=://)[^\s/@:?#\[\"'<>]{{0,256}}:(?!{_PORT}){_PASSWORD}"),  # RFC 3986
    (":oracle:", r"(?i::oracle:\w{1,16}:)[^\s/@:]{0,128}/(\"[^\"\s]{1,128}\"|[^\s@]{1,128})(?=@)"),
    (r"hooks\.\w", r"hooks\.(?:slack|zapier)\.com/(?:hooks/catch|\w{8,9})/([\w/-]+)"),
    ("webhook", r"(?:office\.com/webhookb2|api/webhooks/\d{1,24})/([\w@/-]+)"),  # Teams, Discord
)
_PEM: Final = r"[A-Z0-9 ]{0,40}PRIVATE KEY"
_SPACE: Final = r"[\\\"']{0,8}\s?[:=][\\\"'\s]{0,8}"
_CODE: Final = r"(?![A-Za-z]{1,64}\d?\b(?!=))(?=\S{0,64}?[\d=])([\w.~+/-]{8,}=*)"
_WORD: Final = r"[\"']?([^\s\"'-][^\s\"']*)"
_TOOL: Final = r"\b(?:sshpass|redis-cli|sqlcmd)\b[^\n]{0,200}?\s"
_PAIR: Final = r"\s{0,2}[:=]\s{0,2}[\w.@-]{1,64}\s?[/:]\s?((?=\S{0,64}\d)[^\s/]{6,64})(?!\S)"
_BY: Final = r"(?i:\b(?:user|role|to)\s{1,8}\S{1,128}\s{1,8}identified\s{1,8}by\s{1,8})"
_HOST: Final = r"(?=@[\w-]{1,64}\.[\w.-]{1,128}(?::\d{2,5})?/)"
_OTHERS: Final = (
    # RFC 7468, and base64 of it and of Google's `{"type": "service_account"` at each indent.
    ("private key", rf"(-----BEGIN {_PEM}(?s:.*?)(?:-----END {_PEM}[A-Z ]{{0,8}}-----|\Z))"),
    ("ls0tls", r"\b(LS0tLS1CRUdJTiB[\w+/]{0,16}?(?:QUklW|UFJJV|BSSVZ)[\w+/]{20,}={0,2})"),
    ("ey[aj]|ewog|ew0k", r"\b(e(?:yJ0|yAid|wogICJ0|wogICAgIn|w0KICAid)eXBlI[jD][\w+/]{40,}={0,2})"),
    # HTTP's credentials: in running text, what is no English word.
    ("authorization", rf"(?i:authorization{_SPACE}\w{{5,9}} )([^\s\"'\\,;]+)"),
    ("basic |bearer ", rf"(?<!\w)(?i:basic|bearer) {{1,8}}{_CODE}"),
    # Command lines, files and code, as the manuals of these have it.
    ("-u |--user", rf"(?<!\S)(?:-u|--user)[ =]['\"]?[^\s:]{{1,128}}:(?!\d+\b){_WORD}"),  # curl
    ("sshpass|redis-cli|sqlcmd", rf"{_TOOL}-[apP] ?{_WORD}"),
    ("cred|login|u/p", rf"(?i:\b(?:cred(?:ential)?s?|login|u/p)){_PAIR}"),
    ("@", rf"(?<![\w/:@.%-])[\w.%-]{{1,64}}:((?=[^\s@]{{0,64}}\d)[^\s@:/\"']{{4,64}}){_HOST}"),
    ("identified", rf"{_BY}[\"']?((?<=[\"'])[^\"']+|[^\s\"';]+)"),  # SQL
    ("externalid", r"(?i:value )'([^']{1,2048})'(?= at 'externalId')"),  # AWS STS: ValidationError
)
_ISSUED: Final = "|".join(f"(?:{start})(?:{rest})" for start, rest in _TOKENS)
URLS: Final = tuple(re.compile(pattern) for _, pattern in _URLS)
SHAPES: Final = (
    *URLS,
    re.compile(rf"(?<![A-Za-z0-9])({_ISSUED})(?![A-Za-z0-9])"),
    *(re.compile(pattern) for _, pattern in _OTHERS),
)
"""Secrets wherever they stand, those in URLs included."""

URL_CLUE: Final = re.compile("|".join(clue for clue, _ in _URLS))
"""What a text in lower case holds wherever one of `URLS` matches."""

_CLUES: Final = "|".join(clues for clues, _ in (*_TOKENS, *_URLS, *_OTHERS)).lower().split("|")
_BY_SIGN: Final = (  # which takes a fifth of the time
    f"{sign}(?:{'|'.join(clue[1:] for clue in clues)})"
    for sign, clues in groupby(sorted(_CLUES), itemgetter(0))
)
CLUE: Final = re.compile("|".join(_BY_SIGN))
"""What a text in lower case holds wherever a shape matches."""

_PLACEHOLDER: Final = re.compile(
    r"""
    # Nothing, and what names itself alone.
    true|false|yes|no|on|off|null|none|n/a|tbd|todo|[*x.\#-]{3,}|\*{3}redacted\*{3}
    | (?-i:[a-z_]{1,24})?(?:credentials?|key|pass(?:w(?:or)?d)?|pwd|secret|token)
    # Variables of shells, templates, string formats; calls and look-ups.
    | <[^<>]{1,128}> | [$%#]?\{[^{}":]{1,256}\} | [$%#]\{[^{}]{1,256}\} | \$?\{\{[^{}]{1,256}\}\}
    | \$\([^()]{1,128}\) | \$(?-i:[A-Z][A-Z0-9_]+|[a-z]+_[a-z_]+|\d) | %[\d$]{0,4}[ds] | %\w{1,64}%
    | [a-z_][\w.]{0,127}[(\[].*[)\]]
    # References: ARNs, paths, other stores; URLs, which are searched on their own.
    | (?:aws_iam_role=)?arn:aws[a-z-]*:[\w-]*:[\w-]*:\d*:[\w:/.+=@-]+ | [a-z][a-z0-9+.-]{1,16}://.+
    | (?:/(?-i:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:[-_.][A-Za-z0-9]{1,24}){0,8}){2,16}/?
    | (?:aws-)?(?:secretsmanager|ssm|vault|env|secrets?|file|keyvault)[:/][\w:/.@\#-]+
    # Algorithms, and types of columns.
    | (?:oauth|base|sha|md|aes|rsa|hs|rs|utf)-?\d{1,4} | (?:string|text|boolean|date|timestamp
        |(?:big)?int|double|float|(?:var)?char|decimal|array|map|struct|object)(?:[(<].*)?
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_METHOD: Final = re.compile(  # to log in
    r"basic|bearer|default|digest|disabled|enabled|externalbrowser|gssapi|iam(?:_role)?|jwt"
    r"|kerberos|key-?pair|ldap|m?tls|ntlm|oauth2?|oidc|plain|saml|sasl_\w{1,16}|ssl|sso|\d{1,4}",
    re.IGNORECASE,
)
_PART: Final = r"(?:[a-z]{2,}\d{0,3}|\d{1,4}|[a-z])"
_NAME: Final = re.compile(rf"(?=.*[-_./,]){_PART}(?:[-_./,]{_PART})*", re.IGNORECASE)
_UUID: Final = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z"
_KEY: Final = re.compile(rf"(?!{_UUID}){_MIXED}[\w+/=~.-]{{12,}}")
_LONGEST: Final = 2048


def hides(kind: Kind, value: str) -> bool:
    """Tell whether a value is a secret, by what its key says of it."""
    value = value.strip()
    if len(value) > _LONGEST:
        return kind is not Kind.KEY
    if not value or _PLACEHOLDER.fullmatch(value):
        return False
    if kind is Kind.KEY:
        return _KEY.fullmatch(value) is not None
    return kind is Kind.SECRET or not (_METHOD.fullmatch(value) or _NAME.fullmatch(value))
