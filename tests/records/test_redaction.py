from __future__ import annotations

import base64
import copy
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from glue_strategies import MODEL
from hypothesis import assume, given
from hypothesis import strategies as st

from tap_glue_metadata.redaction import OFF, REDACTED, Redactor, redact_text
from tap_glue_metadata.redaction.keys import Kind
from tap_glue_metadata.redaction.shapes import hides

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy


def words(text: str) -> list[str]:
    return text.split()


def into_json(tree: object) -> str:
    return json.dumps(tree, separators=(",", ":"))


# No scanner of secrets is to find one in this file: those of known looks are put together here.
CANARY: Final = "hunter2" + "canary"
KEY_ID: Final = "AKIA" + "IOSFODNN7EXAMPLE"
SESSION_KEY_ID: Final = "ASIA" + "IOSFODNN7EXAMPLE"
OTHER_HALF: Final = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
JWT: Final = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxIn0.dBjftJeZ4CVP"
PEM_TYPE: Final = "PRIVATE " + "KEY"
PEM: Final = f"-----BEGIN RSA {PEM_TYPE}-----\nMIIE\nowIB\n-----END RSA {PEM_TYPE}-----"

ARN: Final = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"
redactor: Final = Redactor()


def names_secret(key: str, any_redactor: Redactor = redactor) -> bool:
    return any_redactor.kinds[key] in (Kind.SECRET, Kind.STORED)


SECRET_KEYS: Final = words(
    """
    --db_password dbPassword DBPassword PASSWORD password1 PassWord pass-word db.pass dbpass pwd
    MYSQL_PWD db_pw passwd passphrase keyPassphrase passcode secret SECRETS client_secret
    clientSecret CLIENTSECRET secretString aws_secret_access_key fs.s3a.secret.key
    fs.s3a.access.key access_key accessKeyId AWSAccessKeyId aws-access-key-id api_key apikey APIkey
    apiKeys x-api-key hapikey auth_token AuthToken authtoken token TOKEN token2 sfdc_token
    sfdctoken refresh_token access_tokens oauth2Token SessionToken idToken frontend_token
    private_key privateKeyPem spark.hadoop.fs.azure.account.key.x.dfs.core.windows.net
    fs.azure.account.key.x.file.core.windows.net
    fs.azure.account.oauth2.client.secret.x.dfs.core.windows.net
    fs.azure.sas.container.x.blob.core.windows.net
    ENCRYPTED_PASSWORD ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD credentials gcp.credential jwt JwtToken
    bearer Authorization Proxy-Authorization AuthorizationCode javax.jdo.option.ConnectionPassword
    basic.auth.user.info encryption.key master_key ssh_key pgpKey spark.ssl.keyStorePassword
    VAULT_SECRET_ID approle.secret_id SharedAccessKey X-Amz-Signature X-Amz-Credential
    X-Amz-Security-Token sig secrets_manager_password UserManagedClientApplicationClientSecret
    password_hash
    """
)

HARMLESS_KEYS: Final = words(
    """
    --enable-metrics --job-bookmark-option --TempDir redshiftTmpDir serialization.format
    field.delim classification nextToken NEXT_TOKEN next_page_token pageToken ClientRequestToken
    ViewVersionToken tokenizer tokenized max_tokens maxTokens token_type TokenUrl token.endpoint
    AuthTokenExpirationTime client_secret_expires_at password.min.length compression partition_keys
    primaryKey PrimaryKeys sort_key primary.key key key.serializer record_key publicKey
    ssh_public_key kms_key_arn kmsKeyId kms.master.key.id sse.kms.encryption.key --KMS_KEY
    encryption.key-id SECRET_ID secretsManagerSecretArn SecretsManager secret_name secretArn
    KAFKA_SASL_SCRAM_SECRETS_ARN secrets_manager_region SharedAccessKeyName use.ssl passwordless
    PasswordLess authentication_type ConnectionPasswordEncryption ssl.keystore.location
    private_keystore auth_keytab EXTERNAL TRANSLATED_TO_EXTERNAL author authority
    authorization_type keytab monkey hockey compass bypass compass_key compassWord
    passenger_count design signature_version app_keywords keyspace secretary.email
    fs.s3a.aws.credentials.provider customAWSCredentialsProvider credentialsFile password_file
    password_column mapping.password mapping.token projection.token.type
    spark.sql.statistics.colStats.password.version write.metadata.metrics.column.token
    spark.sql.sources.schema.partCol.0 sasl.jaas.config connectionString etag uuid checksum
    """
)


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_value_of_secret_key_is_replaced(key: str) -> None:
    assert names_secret(key)
    assert redactor.value(key, CANARY) == REDACTED
    assert redactor.value("", {"a": [{key: CANARY}]}) == {"a": [{key: REDACTED}]}


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_secret_key_counts_inside_texts(key: str) -> None:
    name = key.lstrip("-")
    for text in (
        f"{name}={CANARY}",
        f"a=b;{name}={CANARY};c=d",
        f"--conf {name}={CANARY} --conf c=d",
        f"--a b --{name} {CANARY} --c d",
        f"a: b\n{name}: {CANARY}\nc: d",
        f"a = b\n{name} = {CANARY}\n",
        f"{{'a': 1, '{name}': '{CANARY}'}}",
        into_json({"a": [{name: CANARY}]}),
        into_json({"a": into_json({name: CANARY})}),
    ):
        assert redactor.texts[text] == text.replace(CANARY, REDACTED)


@pytest.mark.parametrize("key", HARMLESS_KEYS)
def test_value_of_harmless_key_stays(key: str) -> None:
    assert not names_secret(key)
    assert redactor.value(key, CANARY) == CANARY
    assert redactor.value("", {key: {"a": [CANARY, 1]}}) == {key: {"a": [CANARY, 1]}}
    for text in (f"{key}={CANARY}", f"x=y&{key}={CANARY}", into_json({key: CANARY})):
        assert redactor.texts[text] == text


def test_which_of_glues_own_names_are_secrets() -> None:
    shapes = [MODEL.shape_for(name) for name in MODEL.shape_names]
    names = {name for shape in shapes for name in getattr(shape, "members", ())}
    properties = [shape for shape in shapes if shape.name == "ConnectionPropertyKey"]
    names |= {name for shape in properties for name in getattr(shape, "enum", ())}
    assert {name for name in names if names_secret(name)} == {
        "AccessToken",
        "AuthToken",
        "AuthorizationCode",
        "BasicAuthenticationCredentials",
        "ClientSecret",
        "ClientToken",
        "CustomAuthenticationCredentials",
        "ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD",
        "ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD",
        "ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD",
        "ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD",
        "ENCRYPTED_PASSWORD",
        "EncryptionKey",
        "HidePassword",
        "JwtToken",
        "KAFKA_CLIENT_KEYSTORE_PASSWORD",
        "KAFKA_CLIENT_KEY_PASSWORD",
        "KAFKA_SASL_PLAIN_PASSWORD",
        "KAFKA_SASL_SCRAM_PASSWORD",
        "OAuth2Credentials",
        "PASSWORD",
        "Password",
        "RefreshToken",
        "ReturnConnectionPasswordEncrypted",
        "UserManagedClientApplicationClientSecret",
        "ValidateCredentials",
    }


KEPT: Final[list[Any]] = [
    *(None, "", "  ", "true", "False", "null", True, False, [], {}, [None, ""]),
    *(ARN, "${DB_PASSWORD}"),
]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *zip(KEPT, KEPT, strict=True),
        ("x", REDACTED),
        ("1", REDACTED),
        (0, REDACTED),
        (1.5, REDACTED),
        (["a", 1, None], [REDACTED, REDACTED, None]),
        ([["a"]], [[REDACTED]]),
        ('{"a": 1}', REDACTED),
        (f"{ARN} {CANARY}", REDACTED),
        ({"Value": "x", "Enabled": True}, {"Value": REDACTED, "Enabled": True}),
        ([{"a": {"b": ["x", 2]}}, "y"], [{"a": {"b": [REDACTED, REDACTED]}}, REDACTED]),
    ],
)
def test_what_stands_under_a_secret_key(value: Any, expected: Any) -> None:
    assert redactor.value("password", value) == expected


def test_name_and_value_of_an_object() -> None:
    parameters: list[dict[str, Any]] = [
        {"Name": "apiKey", "Type": "str", "Value": [CANARY], "IsOptional": False},
        {"Name": "limit", "Type": "int", "Value": ["10"]},
    ]
    tags = [{"key": "db-password", "value": CANARY}, {"key": "team", "value": "a"}]
    columns = [{"Name": "password", "Type": "string"}]
    node = {"Transform": {"Parameters": parameters, "Columns": columns}, "tags": tags}
    expected = {
        "Transform": {
            "Parameters": [{**parameters[0], "Value": [REDACTED]}, parameters[1]],
            "Columns": columns,
        },
        "tags": [{**tags[0], "value": REDACTED}, tags[1]],
    }
    assert redactor.value("", node) == expected
    assert json.loads(redactor.texts[json.dumps(node)]) == expected


def test_json_inside_a_text_stays_json() -> None:
    tree = {
        "password": 12,
        "api_keys": ["a", "b"],
        "credentials": {"user": "u", "cached": True},
        "url": f"https://u:{CANARY}@h",
        "schema": SCHEMA,
        "id": 12345678901234567890,
    }
    assert json.loads(redactor.texts[json.dumps(tree)]) == {
        **tree,
        "password": REDACTED,
        "api_keys": [REDACTED, REDACTED],
        "credentials": {"user": REDACTED, "cached": True},
        "url": f"https://u:{REDACTED}@h",
    }


# § stands for what must go.
ASSIGNED: Final = [
    '--conf "spark.x.password=§ --conf spark.y=1"',
    "spark.x.password=§ --conf spark.y=1",
    "--conf=spark.password=§ --conf=spark.y=1",
    "a=b,password=§,c=d",
    "password=§&c=d",
    "{user=u, password=§}",
    "(DESCRIPTION=(SECURITY=(PASSWORD=§))(HOST=h))",
    "jdbc:postgresql://h/db?user=u&password=§",
    "jdbc:postgresql://h:5432/db?password=§&user=a@b.com",
    "jdbc:sqlserver://h;user=u;password=§;encrypt=true",
    "jdbc:sqlserver://h:1433;user=a@b.com;password=§;encrypt=true",
    "jdbc:teradata://h/USER=u,PASSWORD=§,CHARSET=UTF8",
    "jdbc:redshift:iam://h/db?AccessKeyID=§&SecretAccessKey=§",
    "Server=h;User Id=u;Pwd=§;",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=§;EndpointSuffix=core.windows.net",
    'x.ScramLoginModule required username="u" password="§";',
    "https://h/k?X-Amz-Credential=§&X-Amz-Expires=9&X-Amz-Security-Token=§&X-Amz-Signature=§",
    "https://a.blob.core.windows.net/c?sv=1&sr=c&sig=§&se=2",
    "AWS4-HMAC-SHA256 Credential=§, SignedHeaders=host, Signature=§",
    "props['password']='§'",
    'password = "§" if x else y',
    'password == "§"',
    '.option("user", "u").option("password", "§")',
    'Map("user" -> "u", "password" -> "§")',
    '{"user": "u", "password": "§", cut',
    r"run {\"user\": \"u\", \"password\": \"§\"} now",
    "--user u --password '§' --verbose",
    '--user u -password "§" --verbose',
    "a:\n  - user: u\n    password: §\n",
    "user=u\r\npassword = §\r\n",
    "CREATE USER u IDENTIFIED BY '§' DEFAULT ROLE r",
    'create user u identified by "§" x',
    "alter user u identified by §;",
    "CREATE USER u WITH PASSWORD '§'",
    "COPY t FROM 's3://b' ACCESS_KEY_ID '§' SECRET_ACCESS_KEY '§' GZIP",
]
ELSEWHERE: Final = [
    "mongodb://u:§@h",
    "mongodb+srv://u:§@h1:27017,h2:27017/db?x=a@b",
    "https://user:§@github.com/x.git",
    "--index-url https://aws:§@x.d.codeartifact.us-east-1.amazonaws.com/pypi/simple/ -U",
    "https://u:p@§@h",
    "https://u:p/§@h",
    "https://§:@api.stripe.com/v1",
    "https://§:x-oauth" + "-basic@github.com/x.git",
    "https://0123456789§@sentry.io/1",
    "jdbc:oracle:thin:u/§@host:1521/svc",
    'jdbc:oracle:oci:u/"p@§"@//host/svc',
    "redis://:§@h:6379/0",
    "https://hooks.slack.com/services/§",
    "Bearer §",
    "bearer xyz§",
    "curl -H 'Authorization: Bearer §' https://h",
    'curl -H "Authorization: token §" https://h',
    "then send Bearer §, it says",
    "sent as Basic §=, it says",
    r"""in {"a": "{\"b\": \"{\\\"password\\\": \\\"it's §\\\", \\\"c\\\": 1}\"}"} now""",
    into_json(into_json({"password": '"§"'})),
    "{'password': 5§}",
    "user = u\npassphrase = correct horse §\nx = y",
    "'tokens': 1, 'credentials': ['a', '§'], 'x': 2",
]


@pytest.mark.parametrize("template", ASSIGNED)
@pytest.mark.parametrize("secret", [CANARY, "p@ss!", "aB3+/x==", "a.b-c$d%e"])
def test_secret_assigned_inside_a_text(template: str, secret: str) -> None:
    assert redactor.texts[template.replace("§", secret)] == template.replace("§", REDACTED)


@pytest.mark.parametrize("template", ELSEWHERE)
def test_secret_elsewhere_inside_a_text(template: str) -> None:
    redacted = redactor.texts[template.replace("§", CANARY)]
    start, _, end = template.partition("§")
    assert CANARY not in redacted
    assert REDACTED in redacted
    assert redacted.startswith(start[:5])
    assert redacted.endswith(end[-5:])


@pytest.mark.parametrize(
    "secret",
    [
        KEY_ID,
        SESSION_KEY_ID,
        f"{KEY_ID}:{OTHER_HALF}",
        JWT,
        PEM,
        PEM.replace("\n", "\\n").replace("RSA ", ""),
        *(f"{kind}_{'a1B2' * 9}" for kind in ("gh" + "p", "gh" + "s", "github" + "_pat")),
        *(f"{kind}-{'a1B2' * 5}" for kind in ("gl" + "pat", "gl" + "rt", "xo" + "xb", "xa" + "pp")),
        "sk" + "_live_" + "a1B2" * 6,
        "AI" + "za" + "a1B2_" * 7,
        "da" + "pi" + "a1b2" * 8,
        "hv" + "s." + "a1B2" * 6,
    ],
)
def test_secret_of_known_looks(secret: str) -> None:
    assert redactor.texts[secret] == REDACTED
    for text in (f"a {secret} b", f"x={secret}", f"s3://b/{secret}/", into_json([secret])):
        redacted = redactor.texts[text]
        assert not any(part in redacted for part in words(secret))
        assert REDACTED in redacted
    assert redactor.value("", {"Code": [f"a\n{secret}"]}) == {"Code": [f"a\n{REDACTED}"]}


def test_private_key_without_its_end() -> None:
    assert redactor.texts[f"a {PEM[:45]}"] == f"a {REDACTED}"


SCHEMA: Final = json.dumps(
    {
        "type": "struct",
        "fields": [
            {"name": name, "type": "string", "nullable": True, "metadata": {"comment": "a key: x"}}
            for name in ("password", "token", "customer_key", "author", "secret")
        ],
    }
)
VIEW: Final = {"originalSql": "SELECT password, token FROM t", "columns": [{"name": "password"}]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "true",
        "password",
        "a password field",
        "holds the token: opaque, not the password",
        "the bearer of the card, basic authentication by bearer token",
        "Bearer token",
        "nextToken",
        "https://h/x?nextToken=abc&max_tokens=5",
        "select password from t",
        "select password, token from t where token = t2.token and password is not null",
        "select * from a join b on a.token=b.token",
        "select password::text, count(token) from t group by password",
        "struct<password:string,token:array<string>>",
        '.select("id", "password", "token")',
        "password=",
        "password=;user=u",
        "password='' token=\"\"",
        "--use-token true --password ${DB_PASSWORD}",
        "password=${DB_PASSWORD}",
        f"secret={ARN}",
        ARN,
        "COPY t CREDENTIALS 'aws_iam_role=arn:aws:iam::123456789012:role/r'",
        "user@example.com",
        "s3://bucket@x",
        "s3://bucket/monkey/token/part=1/a.parquet",
        "abfss://container@account.dfs.core.windows.net/x",
        "ssh://git@github.com/x.git",
        "http://h:8080/a@b",
        "http://[::1]:8080/a@b",
        "https://registry/@scope/package",
        "jdbc:oracle:thin:@//host:1521/svc",
        "jdbc:sqlserver://h:1433;user=a@b.com;database=x",
        "mongodb://h1:27017,h2:27017/?x=a@b",
        "arn:aws:glue:us-east-1:123456789012:table/password/token",
        "AROA" + "IOSFODNN7EXAMPLE:session",
        "2024-05-01T00:00:00Z",
        "3f1c2d4e-5a6b-7c8d-9e0f-112233445566",
        "da39a3ee" * 5,
        "/etc/krb5.keytab",
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider",
        SCHEMA,
        SCHEMA[:200],
        SCHEMA[70:],
        json.dumps({"primaryKey": ["id"], "kmsKeyId": "x", "password": None, "token": True}),
        f"/* Presto View: {base64.b64encode(json.dumps(VIEW).encode()).decode()} */",
        base64.b64encode(bytes(range(256)) * 40).decode(),
        "Y29udGVudCBv" + "ZiB0b2tlbg+xtoken==",
    ],
)
def test_harmless_text_stays(text: str) -> None:
    assert redactor.texts[text] == text
    assert redactor.value("", {"parameters": {"a": text}}) == {"parameters": {"a": text}}


@pytest.mark.parametrize(
    ("glob", "key", "expected"),
    [
        ("*_dsn", "MY_DSN", True),
        ("my_dsn", "--my_dsn", True),
        ("--my_dsn", "--My_Dsn", True),
        ("my?dsn", "my.dsn", True),
        ("[dm]sn", "--dsn", True),
        ("*", "anything", True),
        ("dsn", "my_dsn", False),
        ("--dsn", "dsn", False),
        ("--x.dsn", "--x_dsn", False),
    ],
)
def test_extra_keys(glob: str, key: str, *, expected: bool) -> None:
    extra = Redactor(["unused", glob])
    assert not names_secret(key)
    assert names_secret(key, extra) is expected
    assert names_secret("password", extra)
    shown = REDACTED if expected else CANARY
    assert extra.value("", [{key: CANARY}]) == [{key: shown}]
    assert extra.texts[f"a b {key}={CANARY} c"] == f"a b {key}={shown} c"
    assert extra.texts[into_json({key: CANARY})] == into_json({key: shown})


def test_long_keys_are_judged_too() -> None:
    assert names_secret(f"{'a.' * 200}password")
    assert not names_secret(f"{'a.' * 200}passenger")


@pytest.mark.parametrize("depth", [400, 900, 100_000])
def test_deep_json_text_is_no_error(depth: int) -> None:
    text = f"{'[' * depth}{into_json({'password': CANARY})}{']' * depth}"
    assert redactor.texts[text] == text.replace(CANARY, REDACTED)


UNITS: Final = words(
    r"""
    a key key. pass- token= password= password=' password=" password=\ password=\"\ password=,
    password={ password=[a password=; password=&a "password": \" \ ' : :// ://a:
    ://a@ ://a:b https:// aaaa://a:b/ jdbc:oracle:thin:u/ eyJ eyJa. eyJa.eyJa. AKIA @ [ {"
    -----BEGIN·PRIVATE·KEY -----END· PRIVATE·KEY Bearer· bearer·a Basic·A authorization:
    authorization:bearer· identified·by· identified·by·' · --a· --password· -pwd password·=
    password:·x· a.token=a.token= option("password", max- secretsecret- kms-master- arn:aws:
    curl· curl·-u·a mysql· mysql·-p sshpass·-p· login·a· login·a·password· auth=( auth=("a","
    creds:·a/ u/p=a/ a1: a1:a1@ a1:a1@b. <password> <password·a> password</a><value> password·is·
    password·a·b·c·is· "name":"token","value":" key,Value= eyJ0eXBlI 1:AA pat us1 value·'a'·at
    sk- sk-1 npm_ hooks.slack.com/services/ ${ {{ password=a( password=/a password=/a/ 1 a1 token-1-
    secret=a-b- secret=a/b/ pass-word kms-data- vault-a- password={a password={{a password=a[
    password='' password=<a api·key· access·key· == Q~ atlasv1. hf_ xoxb- 00000000-
    """
)


def stretched(unit: str, length: int) -> str:
    """Repeat a unit behind words that let every pattern in."""
    unit = unit.replace("·", " ")
    return f"password: key @ bearer basic {unit * (length // len(unit))}\0"


@pytest.mark.parametrize("unit", UNITS)
def test_time_is_linear_or_this_never_ends(unit: str) -> None:
    text = stretched(unit, 100_000)
    assert isinstance(redactor.kinds[text], Kind)
    assert redactor.texts[text].startswith("password:")
    assert isinstance(redactor.value("secret", text), str)


def test_a_million_characters_end_too() -> None:
    for unit in ("password=\\", "://a:", '"token","value":"'):
        assert redactor.texts[stretched(unit, 1_000_000)].startswith("password:")


def test_what_is_remembered_is_bounded() -> None:
    fresh = Redactor()
    for number in range(20_000):
        assert fresh.texts[f"s3://bucket/{number}"] == f"s3://bucket/{number}"
    assert fresh.texts["a" * 10_000] not in fresh.texts
    assert len(fresh.texts) < 10_000


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
fragments = st.sampled_from(
    [
        *(template.replace("§", CANARY) for template in (*ASSIGNED, *ELSEWHERE)),
        *words(r"""= : , ; & ? / @ ( ) { } [ ] < > ' " \ \" - -- :// # * == -> ${x}"""),
        *("password", "token", "secret=", "'password': ", '"Name":"token","Value":"', "author"),
        *(KEY_ID, JWT, PEM, ARN, REDACTED, "Bearer ", "Basic aB1", "true", "null", " ", "\n", "1"),
        *("a.token=b.token", "IDENTIFIED BY '", "my_dsn=", "--password ", "password: ", "x-y"),
    ]
)
suspicious = st.lists(fragments, max_size=8).map("".join)
keys = st.text(max_size=8) | st.sampled_from([*SECRET_KEYS, *HARMLESS_KEYS, "Name", "Value"])
trees = st.recursive(
    scalars | suspicious,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(trees, st.sampled_from([redactor, Redactor(["*dsn", "n*"])]))
def test_any_tree_is_left_as_it_is_and_redacted_once(tree: Any, any_redactor: Redactor) -> None:
    before = copy.deepcopy(tree)
    redacted = any_redactor.value("", tree)
    assert tree == before
    assert any_redactor.value("", redacted) == redacted


signs = st.text(st.sampled_from("abk -_=:;,.@/\\\"'{}[]()<>&?$#\npasswordtoken0129"))


@given(st.text() | suspicious | signs)
def test_any_text_is_redacted_once(text: str) -> None:
    redacted = redactor.texts[text]
    assert redactor.texts[redacted] == redacted


def wrapped(inner: SearchStrategy[Any]) -> SearchStrategy[Any]:
    wraps: list[Callable[[Any], Any]] = [
        into_json,
        lambda value: [1, value],
        lambda value: [[value]],
        lambda value: {"a": value, "b": None},
        lambda value: {"Value": value, "Name": "x"},
    ]
    return st.builds(lambda wrap, value: wrap(value), st.sampled_from(wraps), inner)


under_a_secret_key = st.builds(
    lambda key, value: {key: value},
    st.sampled_from(SECRET_KEYS),
    st.recursive(st.just(CANARY), wrapped, max_leaves=4),
)


@given(st.recursive(under_a_secret_key, wrapped, max_leaves=4))
def test_no_depth_hides_a_secret(tree: Any) -> None:
    assert CANARY in into_json(tree)
    assert CANARY not in into_json(redactor.value("", tree))


@pytest.mark.parametrize("any_redactor", [redactor, OFF])
@pytest.mark.parametrize("wrap", [lambda inner: {"a": inner}, lambda inner: [inner]])
def test_what_is_too_deep_to_be_searched_is_emptied(
    any_redactor: Redactor, wrap: Callable[[Any], Any]
) -> None:
    tree: Any = f"https://user:{CANARY}@example.com"
    for _ in range(900):
        tree = wrap(tree)
    empty = {REDACTED: None} if isinstance(tree, dict) else []
    assert any_redactor.value("", {"deep": tree, "name": "x"}) == {"deep": empty, "name": "x"}
    assert any_redactor.value("", [tree]) == []


@pytest.mark.parametrize(
    ("key", "members", "expected"),
    [
        ("client_secret", {"a": CANARY}, {"a": REDACTED}),
        ("", {"Name": "password", "Value": CANARY}, {"Name": "password", "Value": REDACTED}),
        ("", {"password": CANARY}, {"password": REDACTED}),
    ],
)
def test_a_secret_beside_what_is_too_deep_is_found(key: str, members: Any, expected: Any) -> None:
    tree: Any = 1
    for _ in range(900):
        tree = {"a": tree}
    assert redactor.value(key, {**members, "deep": tree}) == {**expected, "deep": {REDACTED: None}}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("abcdé/.: 0129_", max_size=30),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text("abcdé._ ") | st.sampled_from(HARMLESS_KEYS), inner)
        ),
    )
)
def test_harmless_tree_comes_back_equal(tree: Any) -> None:
    redacted = redactor.value("", tree)
    assert redacted == tree
    assert not isinstance(tree, (dict, list)) or redacted is not tree


@given(st.text("ab1.:-_$%!*+/~^é", min_size=1), st.sampled_from([";", "&", ",", ' a="', ")("]))
def test_no_part_of_a_value_is_left(password: str, sign: str) -> None:
    assume(hides(Kind.SECRET, password))
    text = f"jdbc:x://h?password={password}{sign}user=u"
    assert redactor.texts[text] == f"jdbc:x://h?password={REDACTED}{sign}user=u"


@given(st.text() | suspicious)
def test_valid_json_stays_valid_json(text: str) -> None:
    for whole in (into_json({"a": text}), into_json([text, {"password": text}])):
        assert isinstance(json.loads(redactor.texts[whole]), type(json.loads(whole)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "1 validation error detected: Value 'hunter2' at 'externalId' failed to satisfy",
            f"1 validation error detected: Value '{REDACTED}' at 'externalId' failed to satisfy",
        ),
        (f"cannot connect with password={CANARY}", f"cannot connect with password={REDACTED}"),
        (
            f"GET https://b.s3.amazonaws.com/k?X-Amz-Signature={CANARY}&X-Amz-Expires=9: 403",
            f"GET https://b.s3.amazonaws.com/k?X-Amz-Signature={REDACTED}&X-Amz-Expires=9: 403",
        ),
        ("User: arn:aws:iam::123456789012:user/token is not authorized",) * 2,
    ],
)
def test_messages(text: str, expected: str) -> None:
    assert redact_text(text) == expected
