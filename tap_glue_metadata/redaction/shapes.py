"""What secrets look like, and what merely stands in for one: facts, one line each."""

from __future__ import annotations

import re
from typing import Final

from tap_glue_metadata.redaction.keys import Kind

# Tokens that begin as their issuer decided, for scanners to find them: beginning, rest, source.
_TOKENS: Final = (
    ("A(?:KIA|SIA|BIA|CCA)", r"[A-Z0-9]{16}(?:[\s:;,|/]{1,3}[A-Za-z0-9/+]{40})?"),  # AWS IAM: unique ids
    ("ABSK", r"[\w+/]{40,200}"),  # Amazon Bedrock: API keys
    ("LTAI", "[A-Za-z0-9]{12,24}"),  # Alibaba Cloud (gitleaks)
    ("AIza", r"[\w-]{35}"),  # Google Cloud: API keys
    (r"ya29\.", r"[\w.-]{20,}"),  # Google: OAuth access tokens
    ("GOCSPX-", r"[\w-]{20,}"),  # Google: OAuth client secrets
    ("gh[opusr]_", r"\w{20,}"),  # GitHub: token formats
    ("github_pat_", r"\w{20,}"),  # GitHub: fine-grained tokens
    ("gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|oas|soat|ffct)-", r"[\w.-]{16,}"),  # GitLab: token prefixes
    ("AT(?:ATT|CTT|BB)", r"[\w=-]{20,}"),  # Atlassian API tokens, Bitbucket app passwords (gitleaks)
    (r"sk-(?:ant-|proj-|svcacct-|admin-|or-)?", r"(?=[\w-]*?\d)[\w-]{20,}"),  # OpenAI, Anthropic, OpenRouter
    ("(?:gsk|hf|npm|pnu|r8|ntn)_|pplx-|xai-", r"(?=\w*?[A-Z0-9])\w{30,}"),  # Groq, Hugging Face, npm ... (gitleaks)
    ("pypi-AgE", r"[\w-]{16,}"),  # PyPI: macaroons, base64 of "pypi.org"
    (r"SG\.", r"[\w-]{16,32}\.[\w-]{16,64}"),  # SendGrid: API keys
    (r"xox[a-z]|xapp-", r"[\w.-]{10,}"),  # Slack: token types
    (r"(?:[rs]k_(?:live|test)|whsec|rzp_live)_", r"[\w+/]{14,}"),  # Stripe: API keys, webhooks; Razorpay
    ("dapi|dose|dkea", "[0-9a-f]{32}(?:-[0-9])?"),  # Databricks (gitleaks)
    (r"hv[sbr]\.", r"[\w-]{20,}"),  # HashiCorp Vault: token prefixes
    ("do[opr]_v1_", "[0-9a-f]{40,}"),  # DigitalOcean (gitleaks)
    ("shp(?:at|ca|pa|ss)_", "[0-9a-fA-F]{32}"),  # Shopify: access tokens
    ("sq0(?:atp|csp|idp)-|NRAK-|PMAK-|CFPAT-", r"[\w-]{20,}"),  # Square, New Relic, Postman, Contentful (gitleaks)
    ("gl(?:sa|c)_|figd_|nfp_|tfp_", r"[\w+/=-]{24,}"),  # Grafana, Figma, Netlify, Typeform (gitleaks)
    ("pscale_|lin_api_|rubygems_|sbp_|sntry[su]_|sq[apu]_|dbt[cu]_", r"[\w.=-]{20,}"),  # PlanetScale ... (gitleaks)
    ("dckr_(?:pat|oat)_|tskey-|lsv2_|xkeysib-|pul-", r"(?=[\w-]*?\d)[\w-]{20,}"),  # Docker, Tailscale ... (gitleaks)
    (r"dp\.[a-z]{2,5}\.|dt0[a-z]\d\d\.", r"[\w.]{40,}"),  # Doppler, Dynatrace (gitleaks)
    ("pat-(?:na|eu)", r"\d-[0-9a-f]{8}-[0-9a-f-]{27}"),  # HubSpot: private apps
    ("AGE-SECRET-KEY-", r"\w{20,}"),  # age (gitleaks)
    ("secret_", r"(?=\w*?\d)(?=\w*?[A-Z])\w{40,}"),  # Notion (gitleaks)
    ("key-", r"[0-9a-f]{32}"),  # Mailgun (gitleaks)
    ("ey[JK]", r"[\w-]{8,}\.ey[JK][\w-]+(?:\.[\w-]*){0,3}"),  # RFC 7519: JSON web tokens
)
# Those without a beginning of their own, and what else is known by its surroundings. A group `value`
# is what goes; where a pattern could run on from many places, it is bounded: time stays linear.
_PASSWORD: Final = r"(?P<value>(?:[^\s/?#\"'<>]{1,256}|[^\s@\"'<>]{1,200}))(?=@)"  # noqa: S105 - a pattern
_URL_SHAPES: Final = (
    # RFC 3986: userinfo. A token as user: beside an empty password, or too long for a name.
    ("@", r"(?<=://)(?P<value>[^\s/@:?#\[\"'<>]{1,512})(?=:(?:x-oauth-basic)?@)"),
    ("@", r"(?<=https://)(?P<value>[^\s/@:?#\[\"'<>{}]{20,512})(?=@)"),
    ("@", rf"(?<=://)[^\s/@:?#\[\"'<>]{{0,256}}:(?!\d{{1,5}}(?:[/?#;,&\s]|$)){_PASSWORD}"),
    ("jdbc:oracle", rf"(?i:jdbc:oracle:\w{{1,16}}:)[^\s/@:]{{0,128}}/(?P<value>\"[^\"\s]{{1,128}}\"|[^\s@]{{1,128}})(?=@)"),
    ("hooks\\.slack", r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<value>[\w/-]+)"),  # Slack
    (r"webhook\.office", r"webhook\.office\.com/webhookb2/(?P<value>[\w@/-]+)"),  # Microsoft Teams
    (r"api/webhooks", r"api/webhooks/\d{1,24}/(?P<value>[\w-]+)"),  # Discord
    (r"hooks\.zapier", r"hooks\.zapier\.com/hooks/catch/(?P<value>[\w/]+)"),  # Zapier
    (r"telegram", r"api\.telegram\.org/bot(?P<value>[\w:-]+)"),  # Telegram: bot API
)
_OTHER_SHAPES: Final = (
    ("private key", r"(?P<value>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?s:.*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,8}-----|\Z))"),  # RFC 7468
    # Base64 of `{"type": "service_account"` (Google Cloud) and of a private key (RFC 7468), at each indent.
    ("ey[ji]|ewog", r"(?<![\w+/])(?P<value>(?:eyJ0eXBlIjo|eyAidHlwZSI6|ewogICJ0eXBlIjo|ewogICAgInR5cGUiO)[\w+/]{40,}={0,2})"),
    ("ls0tls1crudjti", r"(?<![\w+/])(?P<value>LS0tLS1CRUdJTi(?:B[\w+/]{2,12}?)?(?:BQUklW|UFJJVk|QUklWQ|gUFJJ)[\w+/]{20,}={0,2})"),
    ("q~", r"(?<![\w.~-])(?P<value>[\w.~]{3}\dQ~[\w.~-]{31,34})(?![\w.~-])"),  # Microsoft Entra ID (gitleaks)
    ("==", r"(?<![\w+/])(?P<value>[A-Za-z0-9+/]{86}==)(?!=)"),  # Azure: account keys are 64 bytes
    (r":aa", r"(?<!\w)(?P<value>\d{8,10}:AA[\w-]{33})(?![\w-])"),  # Telegram: bot tokens
    (r"atlasv1", r"(?<!\w)(?P<value>\w{14}\.atlasv1\.[\w=-]{40,})"),  # Terraform Cloud (gitleaks)
    (r"\bpat[a-z0-9]{14}\.", r"(?<!\w)(?P<value>pat\w{14}\.[0-9a-f]{64})"),  # Airtable (gitleaks)
    ("-us", r"(?<!\w)(?P<value>[0-9a-f]{32}-us\d{1,2})(?!\w)"),  # Mailchimp (gitleaks)
    # HTTP's headers (RFC 9110), alone or in a command line; in running text what is no English word.
    ("authorization", r"(?i:authorization)\\{0,7}[\"']?\s{0,4}[:=]\s{0,4}\\{0,7}[\"']?(?i:basic|bearer|digest|negotiate|token|apikey|splunk)[ ]{1,4}(?P<value>[^\s\"'\\,;]+)"),
    ("bearer", r"\A\s{0,8}(?i:bearer)\s{1,8}(?!(?i:tokens?\b|auth))(?P<value>\S+)(?=\s*\Z)"),
    ("bearer", r"(?<!\w)(?i:bearer)\s{1,8}(?=[A-Za-z_.~+/-]{0,64}(?:\d|[a-z][A-Z]))(?P<value>[\w.~+/-]+=*)"),
    ("basic ", r"(?<!\w)(?i:basic) {1,8}(?=[A-Za-z+/]{0,64}(?:[0-9=]|[a-z][A-Z]))(?P<value>[A-Za-z0-9+/]{8,}=*)"),
    # Command lines, as their manuals have it: curl, MySQL, sshpass, Redis, SQL Server.
    ("curl|wget", r"\b(?:curl|wget)\b[^\n]{0,200}?\s(?:-u|--user|--proxy-user)[\s=]{0,3}[\"']?[^\s:\"']{1,128}:(?P<value>[^\s\"']+)"),
    ("mysql", r"\bmysql\w{0,8}\b[^\n]{0,200}?\s-p[\"']?(?P<value>[^\s\"'-][^\s\"']*)"),
    ("sshpass|redis-cli|sqlcmd|bcp ", r"\b(?:sshpass\s{1,4}-p|(?:redis-cli|sqlcmd|bcp)\b[^\n]{0,200}?\s-[aP])\s{0,4}[\"']?(?P<value>[^\s\"']+)"),
    ("identified", r"(?i:\bidentified\s{1,8}by\s{1,8}(?:(?:password|values)\s{1,8})?)[\"']?(?P<value>(?:(?<=')[^']+|(?<=\")[^\"]+|(?<![\"'])[^\s'\";]+))"),  # SQL
    ("externalid", r"(?i:value )'(?P<value>[^']{1,2048})'(?= at 'externalId')"),  # AWS STS: ValidationError
)
URL_SHAPES: Final = tuple(re.compile(shape) for _, shape in _URL_SHAPES)
"""Secrets in URLs."""
SHAPES: Final = (
    *URL_SHAPES,
    re.compile("(?<![A-Za-z0-9])(?P<value>" + "|".join(f"(?:{a})(?:{b})" for a, b in _TOKENS) + ")(?![A-Za-z0-9])"),
    *(re.compile(shape) for _, shape in _OTHER_SHAPES),
)
"""Secrets wherever they stand, those in URLs included."""
CLUE: Final = "|".join(clue.lower() for clue, _ in (*_TOKENS, *_URL_SHAPES, *_OTHER_SHAPES))
"""What a text in lower case holds wherever a shape matches."""

_PLACEHOLDER: Final = re.compile(
    r"""
    # Nothing, and what forms and templates hold until it is filled in.
    true|false|yes|no|on|off|null|none|nil|n/a|tbd|todo|[*x.\#-]{3,}|\*{3}redacted\*{3}
    | (?:your|enter|insert|replace)[-_ ][\w -]{1,64}
    | (?-i:[a-z]{1,16}_?)?(?:access_?|api_?|auth_?|private_?)?(?:credentials?|key|pass(?:w(?:or)?d)?|pwd|secret|token)
    # Variables of shells, templates, string formats and SQL; calls and look-ups.
    | <[^<>]{1,128}> | [$%]?\{[^{}":]{1,256}\} | \$?\{\{[^{}]{1,256}\}\} | \$\([^()]{1,128}\) | %[ds]
    | %\w{1,64}% | %\(\w{1,64}\)s | [$%]\{[^{}]{1,256}\} | \$(?-i:[A-Z][A-Z0-9_]+|[a-z]+_[a-z_]+|\d) | \?|:[a-z]\w{0,63}
    | [a-z_][\w.]{0,127}(?:\([^()]{0,128}\)|\[[^\[\]]{1,128}\]){1,4}
    # References: ARNs, paths, other stores; URLs, which are searched on their own.
    | (?:aws_iam_role=)?arn:aws[a-z-]*:[\w-]*:[\w-]*:\d*:[\w:/.+=@-]+ | [a-z][a-z0-9+.-]{1,16}://.+
    | (?:/(?-i:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:[-_.][A-Za-z0-9]{1,24}){0,8}){2,16}/?
    | (?:aws-)?(?:secretsmanager|ssm|vault|env|secrets?|file|keyvault)[:/][\w:/.@-]+
    # Types of columns.
    | (?:string|text|boolean|date|timestamp|(?:big|small|tiny)?int(?:eger)?|long|double|float|binary
        |uuid|(?:var)?char|decimal|number|array|map|struct|object)(?:[(<].*)?
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_COMMON: Final = re.compile(
    r"""
    basic|bearer|default|digest|disabled|enabled|externalbrowser|gssapi|iam|jwt|kerberos|ldap|mtls
    |native|ntlm|oauth2?|oidc|optional|password|plain|required|saml|sasl|simple|ssl|sso|tls|token|\d{1,4}
    # Names in a secret store: words with signs between them.
    | (?:[a-z]{2,}\d{0,3}|[a-z])(?:[-_/.:](?:[a-z]{2,}\d{0,3}|\d{1,4}|[a-z]))+
    """,
    re.IGNORECASE | re.VERBOSE,
)
_RANDOM: Final = re.compile(r"[\w+/=~.-]{16,}|(?=\S*\d)(?=\S*[A-Za-z])(?=\S*[!@#$%^&*+~])\S{8,}")
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_CHANGES: Final = re.compile(r"(?<=[A-Za-z])\d|(?<=\d)[A-Za-z]")
_LONGEST: Final = 2048


def hides(kind: Kind, value: str) -> bool:
    """Tell whether a value is a secret.

    Args:
        kind: What its key says.
        value: The value.
    """
    value = value.strip()
    if not value or (len(value) <= _LONGEST and _PLACEHOLDER.fullmatch(value)):
        return False
    if kind is Kind.SECRET or len(value) > _LONGEST:
        return kind in (Kind.SECRET, Kind.NAMED)
    if _COMMON.fullmatch(value):
        return False
    is_random = _RANDOM.fullmatch(value) and not _UUID.fullmatch(value)
    return kind is Kind.NAMED or (bool(is_random) and len(_CHANGES.findall(value)) > 2)
