"""What secrets look like, and what merely stands in for one: facts, one line each."""

import re
from typing import Final

from tap_glue_metadata.redaction.keys import Kind

# Tokens that begin as their issuer decided, for scanners to find them: the beginnings, the rest.
_MIXED: Final = r"(?=(?:[\w+/.=-]{0,24}?(?:[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z])){3})"
_TOKENS: Final = (
    ("AKIA|ASIA|ABIA|ACCA", r"[A-Z0-9]{16}(?:[\s:;,|/]{1,3}[\w/+]{40})?"),  # AWS: IAM identifiers
    ("AIza|GOCSPX-|1//0|ya29\\.", rf"{_MIXED}[\w.-]{{20,}}"),  # Google: API keys, OAuth
    ("ABSK|LTAI|ATATT|ATCTT|ATBB|AKCp", rf"{_MIXED}[\w=+/-]{{12,}}"),  # gitleaks: Atlassian ...
    ("gh[opusr]_|github_pat_", rf"{_MIXED}\w{{20,}}"),  # GitHub: token formats
    # GitLab: token prefixes
    ("glpat-|gldt-|glrt-|glrtr-|glcbt-|glptt-|glft-|glimt-|glagent-|gloas-", r"[\w.-]{16,}"),
    ("sk-", rf"{_MIXED}[\w-]{{20,}}"),  # OpenAI, Anthropic
    ("gsk_|hf_|npm_|pnu_|r8_|ntn_|pplx-|xai-", rf"{_MIXED}\w{{30,}}"),  # gitleaks: npm ...
    ("pypi-AgE", r"[\w-]{16,}"),  # PyPI: macaroons of "pypi.org"
    (r"SG\.", rf"{_MIXED}[\w-]{{16,32}}\.[\w-]{{16,64}}"),  # SendGrid: API keys
    ("xox[a-z]-|xapp-", r"[\w.-]{10,}"),  # Slack: token types
    ("rk_live_|sk_live_|sk_test_|whsec_|rzp_live_", r"[\w+/]{14,}"),  # Stripe: API keys, webhooks
    ("dapi|dose|dkea|shp[acps][ats]_|key-|SK", "[0-9a-f]{32}(?:-[0-9])?"),  # Databricks, Twilio
    (r"hv[sbr]\.", r"[\w-]{20,}"),  # HashiCorp Vault: tokens
    (r"do[opr]_v1_|dp\.[a-z]{2,5}\.", r"(?:\w{1,35}\.)?\w{40,}"),  # gitleaks: DigitalOcean, Doppler
    (r"dt0[a-z]\d\d\.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}"),  # gitleaks: Dynatrace
    ("glsa_|glc_|figd_|nfp_|tfp_|lin_api_|pscale_|sbp_|sq[apu]_", rf"{_MIXED}[\w+/.=-]{{20,}}"),
    ("sq0[a-z]{3}-|NRAK-|PMAK-|CFPAT-|dckr_[op]at_|tskey-", rf"{_MIXED}[\w-]{{20,}}"),  # gitleaks
    ("xkeysib-|pat-[en][au]|AGE-SECRET-KEY-|rubygems_|pul-", rf"{_MIXED}[\w-]{{20,}}"),
    ("ey[JK]", r"[\w-]{8,}\.ey[JK][\w-]+(?:\.[\w-]*){0,3}"),  # RFC 7519: JSON web tokens
)
# The others: a clue in lower case, and the pattern, whose last group goes. Where one could run on
# from many places of a text, it is bounded: time stays linear.
_PASSWORD: Final = r"([^\s/?#\"'<>]{1,256}|[^\s@\"'<>]{1,200})(?=@)"  # noqa: S105 - a pattern
_USER: Final = r"(?<=://)[^\s/@:?#\[\"'<>]{0,256}:"
_PORT: Final = r"\d{1,5}(?:[/?#;,&\s]|$)"
_URLS: Final = (
    ("@", r"(?<=://)([^\s/@:?#\[\"'<>]{1,512})(?=:(?:x-oauth-basic)?@)"),  # a token as a URL's user
    ("@", r"(?<=https://)([^\s/@:?#\[\"'<>{}]{20,512})(?=@)"),  # likewise: too long for a name
    ("@", rf"{_USER}(?!{_PORT}){_PASSWORD}"),  # RFC 3986
    (":oracle:", r"(?i::oracle:\w{1,16}:)[^\s/@:]{0,128}/(\"[^\"\s]{1,128}\"|[^\s@]{1,128})(?=@)"),
    (r"hooks\.slack", r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/-]+)"),
    (r"webhook\.office", r"webhook\.office\.com/webhookb2/([\w@/-]+)"),  # Microsoft Teams
    ("api/webhooks", r"api/webhooks/\d{1,24}/([\w-]+)"),  # Discord
    (r"hooks\.zapier", r"hooks\.zapier\.com/hooks/catch/([\w/]+)"),
    ("telegram", r"api\.telegram\.org/bot([\w:-]+)"),
)
_PEM: Final = r"[A-Z0-9 ]{0,40}PRIVATE KEY"
_HEADER: Final = (
    r"(?i:authorization\\{0,7}[\"']?\s{0,4}[:=]\s{0,4}\\{0,7}[\"']?"
    r"(?:apikey|basic|bearer|digest|negotiate|token) {1,4})([^\s\"'\\,;]+)"
)
_SQL: Final = (
    r"(?i:\b(?:user|role|to)\s{1,8}\S{1,128}\s{1,8}identified\s{1,8}by\s{1,8}"
    r"(?:(?:password|values)\s{1,8})?)[\"']?((?<=')[^']+|(?<=\")[^\"]+|(?<![\"'])[^\s'\";]+)"
)
_SOME: Final = r"[^\n]{0,200}?\s"
_WORD: Final = r"[\"']?([^\s\"'-][^\s\"']*)"
_PAIR: Final = r"\s{0,2}[:=]\s{0,2}[\w.@-]{1,64}\s?[/:]\s?((?=\S{0,64}\d)[^\s/]{6,64})(?!\S)"
_HOST: Final = r"(?=@[\w-]{1,64}\.[\w.-]{1,128}(?::\d{2,5})?/)"
_OTHERS: Final = (
    ("private key", rf"(-----BEGIN {_PEM}(?s:.*?)(?:-----END {_PEM}[A-Z ]{{0,8}}-----|\Z))"),
    # Base64 of a private key, and of Google's `{"type": "service_account"` at each indent.
    ("ls0tls", r"\b(LS0tLS1CRUdJTiB[\w+/]{0,16}?(?:QUklW|UFJJV|BSSVZ)[\w+/]{20,}={0,2})"),
    ("ey[aj]|ewog|ew0k", r"\b(e(?:yJ0|yAid|wogICJ0|wogICAgIn|w0KICAid)eXBlI[jD][\w+/]{40,}={0,2})"),
    ("q~", r"(?<![\w.~-])([\w.~]{3}\dQ~[\w.~-]{31,34})(?![\w.~-])"),  # gitleaks: Microsoft Entra ID
    ("==", r"(?<![\w+/])([\w+/]{86}==)(?!=)"),  # Azure: account keys are 64 bytes
    (":aa", r"\b(\d{8,10}:AA[\w-]{33})(?![\w-])"),  # Telegram: bots
    ("atlasv1", r"\b(\w{14}\.atlasv1\.[\w=-]{40,})"),  # gitleaks: Terraform Cloud
    (r"pat\w{14}\.", r"\b(pat\w{14}\.[0-9a-f]{64})"),  # gitleaks: Airtable
    (r"-us\d", r"\b([0-9a-f]{32}-us\d{1,2})\b"),  # gitleaks: Mailchimp
    # HTTP's headers; in running text, what is no English word.
    ("authorization", _HEADER),
    ("bearer", r"\A\s{0,8}(?i:bearer)\s{1,8}(?!(?i:tokens?\b|auth))(\S+)(?=\s*\Z)"),
    ("bearer", r"(?<!\w)(?i:bearer)\s{1,8}(?=\S{0,64}?(?:\d|[a-z][A-Z]))([\w.~+/-]{10,}=*)"),
    ("basic ", rf"(?<!\w)(?i:basic) {{1,8}}(?=[\w+/]{{0,64}}=|{_MIXED})([\w+/]{{8,}}=*)"),
    # Command lines, files and code, as the manuals of these have it.
    (
        "curl|wget",
        rf"\b(?:curl|wget)\b{_SOME}(?:-u|--user)[\s=]{{0,3}}[\"']?[^\s:]{{1,128}}:{_WORD}",
    ),
    ("mysql", rf"\bmysql\w{{0,8}}\b{_SOME}-p{_WORD}"),
    ("sshpass|redis-cli|sqlcmd", rf"\b(?:sshpass|redis-cli|sqlcmd)\b{_SOME}-[apP]\s?{_WORD}"),
    ("-p ", rf"-(?:u|U|-user(?:name)?)[\s=]\S{{1,64}}\s{{1,4}}-p\s{_WORD}"),
    ("password ", r"(?i:\blogin\s{1,8}\S{1,64}\s{1,8}password\s{1,8})(\S+)"),  # .netrc
    ("auth=", r"\bauth=\(\s?[\"'][^\"'\s]{1,64}[\"'],\s?[\"']([^\"'\s]+)"),  # requests
    ("cred|login|u/p", rf"(?i:\b(?:cred(?:ential)?s?|login|u/p)){_PAIR}"),
    ("@", rf"(?<![\w/:@.%-])[\w.%-]{{1,64}}:((?=[^\s@]{{0,64}}\d)[^\s@:/\"']{{4,64}}){_HOST}"),
    ("identified", _SQL),
    ("externalid", r"(?i:value )'([^']{1,2048})'(?= at 'externalId')"),  # AWS STS: ValidationError
)
URLS: Final = tuple(re.compile(pattern) for _, pattern in _URLS)
"""Secrets in URLs."""
_ISSUED: Final = "|".join(f"(?:{start})(?:{rest})" for start, rest in _TOKENS)
SHAPES: Final = (
    *URLS,
    re.compile(rf"(?<![A-Za-z0-9])({_ISSUED})(?![A-Za-z0-9])"),
    *(re.compile(pattern) for _, pattern in _OTHERS),
)
"""Secrets wherever they stand, those in URLs included."""


def _by_first_sign(clues: list[str]) -> str:
    """Join patterns so that few are tried at each place of a text: it takes a fifth of the time."""
    rests: dict[str, list[str]] = {}
    for clue in clues:
        rests.setdefault(clue[0], []).append(clue[1:])
    return "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in rests.items())


CLUE: Final = _by_first_sign(
    [clue for clues, _ in (*_TOKENS, *_URLS, *_OTHERS) for clue in clues.lower().split("|")]
)
"""What a text in lower case holds wherever a shape matches."""

_PLACEHOLDER: Final = re.compile(
    r"""
    # Nothing, what forms and templates hold until they are filled in, and what names itself alone.
    true|false|yes|no|on|off|null|none|nil|n/a|tbd|todo|[*x.\#-]{3,}|\*{3}redacted\*{3}
    | (?:your|enter|insert|replace)[-_ ][\w -]{1,64}
    | (?-i:[a-z]{1,16}_?)?(?:(?:access|api|auth|private)_?)?
        (?:credentials?|key|pass(?:w(?:or)?d)?|pwd|secret|token)
    # Variables of shells, templates, string formats and SQL; calls and look-ups.
    | <[^<>]{1,128}> | [$%#]?\{[^{}":]{1,256}\} | [$%#]\{[^{}]{1,256}\} | \$?\{\{[^{}]{1,256}\}\}
    | \$\([^()]{1,128}\) | \$(?-i:[A-Z][A-Z0-9_]+|[a-z]+_[a-z_]+|\d) | \?|:[a-z]\w{0,63}
    | %[\d$]{0,4}[ds] | %\w{1,64}% | %\(\w{1,64}\)s | [a-z_][\w.]{0,127}[(\[].*[)\]]
    # References: ARNs, paths, other stores; URLs, which are searched on their own.
    | (?:aws_iam_role=)?arn:aws[a-z-]*:[\w-]*:[\w-]*:\d*:[\w:/.+=@-]+ | [a-z][a-z0-9+.-]{1,16}://.+
    | (?:/(?-i:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:[-_.][A-Za-z0-9]{1,24}){0,8}){2,16}/?
    | (?:aws-)?(?:secretsmanager|ssm|vault|env|secrets?|file|keyvault)[:/][\w:/.@\#-]+
    # Names of algorithms, and types of columns.
    | (?:oauth|base|sha|md|aes|rsa|hs|rs|utf)-?\d{1,4}
    | (?:string|text|boolean|date|timestamp|(?:big|small|tiny)?int(?:eger)?|long|double|float|binary
        |uuid|(?:var)?char|decimal|number|array|map|struct|object)(?:[(<].*)?
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_METHOD: Final = re.compile(
    r"basic|bearer|default|digest|disabled|enabled|externalbrowser|gssapi|iam(?:_role)?|instanceprofile"
    r"|jwt|kerberos|key-?pair|ldap|mtls|native|ntlm|oauth2?|oidc|optional|plain|required|saml|simple"
    r"|sasl(?:_\w{1,16})?|scram-[\w-]{1,16}|ssl|sso|tls|\d{1,4}",
    re.IGNORECASE,
)
_WORDS: Final = r"(?:[a-z]{2,}\d{0,3}|\d{1,4}|[a-z])(?:[-_.:](?:[a-z]{2,}\d{0,3}|\d{1,4}|[a-z]))*"
_NAMES: Final = {
    Kind.STORED: re.compile(rf"{_WORDS}(?:[/,]{_WORDS})+", re.IGNORECASE),
    Kind.NAMED: re.compile(rf"(?=.*[-_./:,]){_WORDS}(?:[/,]{_WORDS})*", re.IGNORECASE),
}
_UUID: Final = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z"
_RANDOM: Final = re.compile(
    rf"(?!{_UUID})[\w+/=~.-]{{12,}}|(?=\S*\d)(?=\S*[A-Za-z])(?=\S*[!@#$%^&*+~])\S{{8,}}"
)
_LONGEST: Final = 2048


def hides(kind: Kind, value: str) -> bool:
    """Tell whether a value is a secret, by what its key says of it."""
    value = value.strip()
    if len(value) > _LONGEST:
        return kind is not Kind.KEY
    if not value or _PLACEHOLDER.fullmatch(value):
        return False
    if kind is Kind.SECRET:
        return True
    if kind is Kind.KEY:
        return re.match(_MIXED, value) is not None and _RANDOM.fullmatch(value) is not None
    return not (_METHOD.fullmatch(value) or _NAMES[kind].fullmatch(value))
