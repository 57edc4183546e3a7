"""Reads one secret from HashiCorp Vault, through hvac."""

from __future__ import annotations

import math
import os
import re
import time
from contextlib import closing, suppress
from datetime import datetime, timezone
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, TypeVar
from urllib.parse import quote, unquote, urljoin

import msgspec
from urllib3 import Retry

from tap_glue_metadata.aws.endpoints import is_safe, is_url
from tap_glue_metadata.aws.errors import SettingError

if TYPE_CHECKING:
    from requests import Response

    from tap_glue_metadata.settings import VaultSettings

_Client: TypeAlias = Any  # hvac has no types
_Wrong: Final = partial(SettingError, "aws_credentials_uri")
_SERVICE_ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_LOGIN_SETTINGS: Final = {
    "approle": "vault_role_id, vault_secret_id (which may be used up)",
    "kubernetes": "vault_kubernetes_role (with the service accounts and namespaces it is bound to)",
}
_WHERE: Final = "check vault_namespace and the path, which for KV is that of `vault kv get`"
_TIMEOUT: Final = 10  # seconds, for the connection and for the answer
_HEADER: Final = r"\A[!-~]+\Z"  # what a header takes; libraries quote what it does not
_OK, _BAD_REQUEST, _FORBIDDEN, _NOT_FOUND = 200, 400, 403, 404
# 412 of a node that lags behind, and failures that pass (Vault's page "HTTP API").
_RETRIES: Final = Retry(
    total=2,
    read=False,  # Vault may have made keys, though its answer was lost
    other=0,  # certificates
    status_forcelist=(412, 500, 502, 503, 504),
    allowed_methods=None,  # all: a login is a POST
    backoff_factor=0.2,
    raise_on_status=False,
    respect_retry_after_header=False,  # it might ask for an hour
)
_PROBLEMS: Final[dict[int | str, str]] = {
    # By Vault's status,
    _OK: "answers with what is not Vault's; check vault_address (or VAULT_ADDR)",
    _BAD_REQUEST: "gives no keys at '{path}' (status 400): there is no such role, or AWS refuses "
    "them to Vault; try `vault read {path}`",
    _FORBIDDEN: f"denies '{{path}}': grant `read` on it to the login, and {_WHERE}",
    _NOT_FOUND: f"holds nothing at '{{path}}', or it is deleted; {_WHERE}",
    429: "takes no more requests for now (its rate limit); try again later",
    501: "is not initialized; have it initialized and unsealed",
    503: "is sealed, or down for maintenance; have it unsealed, or try again later",
    # by the name of a class that an error of requests is derived from,
    "SSLError": "has a certificate that is not trusted; give the file of its authority's "
    "certificate in vault_ca_file (or VAULT_CACERT)",
    "ProxyError": "cannot be reached through the proxy; check HTTPS_PROXY and NO_PROXY",
    "RequestException": "cannot be reached; check vault_address (or VAULT_ADDR) and the network",
    "OSError": "was not asked, as a file of certificates cannot be read; check vault_ca_file (or "
    "VAULT_CACERT, VAULT_CAPATH) and VAULT_CLIENT_CERT",
    # and by what goes wrong after a login.
    "token": "refuses the token: it has expired or was revoked, or is not of this Vault or "
    "namespace, or may not read '{path}'; give a new one in vault_token (or VAULT_TOKEN)",
}


class _Auth(msgspec.Struct):
    client_token: Annotated[str, msgspec.Meta(pattern=_HEADER)]
    lease_duration: int  # seconds; 0: without end


class _Login(msgspec.Struct):
    auth: _Auth


class _Secret(msgspec.Struct):
    data: dict[str, Any]
    lease_id: str = ""
    lease_duration: int = 0  # seconds


_Answer = TypeVar("_Answer", bound=msgspec.Struct)


class VaultReader:
    """Reads one secret of Vault, and logs in for it.

    No error tells what Vault or a library says, nor is it chained: they may quote what was sent.
    """

    def __init__(self, settings: VaultSettings, path: str) -> None:
        """Check the settings, without a call.

        Args:
            settings: How to reach Vault; where one is missing, Vault's own variable counts.
            path: The secret's path, as `vault kv get` and `vault read` take it.

        Raises:
            SettingError: A setting is missing or malformed, or hvac is not installed.
        """
        try:
            self._hvac: Any = import_module("hvac")
        except ImportError:
            raise _Wrong("vault:// needs hvac; in a clone: pip install '.[vault]'") from None
        self._settings = settings
        self._path = path.strip("/")
        self._address = (settings.address or os.environ.get("VAULT_ADDR", "")).strip().rstrip("/")
        self._namespace = settings.namespace or os.environ.get("VAULT_NAMESPACE", "").strip()
        self._method, self._token = self._choose_login()
        self._mount = settings.auth_mount or self._method
        self._check()
        # One's own token counts until Vault refuses it; the others are fetched when needed.
        self._ends = self._renews = math.inf if self._method == "token" else 0.0

    def read(self) -> tuple[dict[str, Any], datetime | None]:
        """Read the secret.

        Returns:
            What it holds, by name, and when Vault takes it back, in UTC; None: never.

        Raises:
            SettingError: Vault cannot be reached, or refuses.
        """
        client = self._connect()
        with closing(client.adapter):
            try:
                return self._read(client)
            except OSError as error:  # as are the errors of requests
                bases = (base.__name__ for base in type(error).__mro__)
                raise self._problem(next(base for base in bases if base in _PROBLEMS)) from None

    def _choose_login(self) -> tuple[str, str]:
        """Return how to log in, and the token where that is one's own."""
        if self._settings.secret_id and not self._settings.role_id:
            raise _Wrong("vault_secret_id needs vault_role_id beside it")
        if self._settings.token:
            return "token", self._settings.token
        if self._settings.role_id:
            return "approle", ""
        if self._settings.kubernetes_role:
            return "kubernetes", ""
        # VAULT_TOKEN, else the file that `vault login` writes.
        if token := self._hvac.utils.get_token_from_env():
            return "token", token.strip()
        raise _Wrong(
            "no login for Vault is set; set vault_role_id and vault_secret_id, or "
            "vault_kubernetes_role, or vault_token (or VAULT_TOKEN)"
        )

    def _check(self) -> None:
        if not is_url(self._address):
            raise _Wrong("set vault_address (or VAULT_ADDR) to a URL such as https://vault:8200")
        if not is_safe(self._address):
            raise _Wrong(
                f"vault_address (or VAULT_ADDR) {self._address} would send secrets in the clear; "
                "use https (http is for loopback only)"
            )
        if not all(re.search(_HEADER, text) for text in (self._token, self._namespace) if text):
            raise _Wrong("vault_token or vault_namespace holds what no header of HTTP can")
        # Such a path would lead out of Vault's API; the token would go with it.
        if {".", ".."} & {*self._path.split("/"), *unquote(self._mount).split("/")}:
            raise _Wrong("the path, or vault_auth_mount, has a part `.` or `..`; write it without")

    def _connect(self) -> _Client:
        # VAULT_SKIP_VERIFY is left aside on purpose: without verification anyone on the way could
        # take the token, or hand out keys. requests and hvac do not read it.
        authority = self._settings.ca_file or os.environ.get("VAULT_CACERT", "").strip()
        client = self._hvac.Client(
            url=self._address,
            token=self._token,  # empty before a login; for None hvac would look for one itself
            namespace=self._namespace or None,
            verify=authority or os.environ.get("VAULT_CAPATH") or True,
            timeout=_TIMEOUT,
            adapter=self._hvac.adapters.RawAdapter,
            ignore_exceptions=True,  # hvac's tell what Vault said
        )
        # Plain http is for loopback, and a proxy of the environment would lead out of there.
        client.session.trust_env = self._address.lower().startswith("https:")
        client.session.hooks["response"].append(_refuse_unsafe_redirect)
        for adapter in client.session.adapters.values():
            adapter.max_retries = _RETRIES
        return client

    def _read(self, client: _Client) -> tuple[dict[str, Any], datetime | None]:
        asked = time.time()
        kept = asked < self._renews
        if not kept:
            self._log_in(client)
        path, response = self._ask(client)
        if response.status_code == _FORBIDDEN and kept and self._method != "token":
            self._log_in(client)  # the token that was kept may be revoked, or used up
            path, response = self._ask(client)
        if response.status_code == _FORBIDDEN:
            # Vault says so of the token, and of what was asked with it.
            knows_token = client.auth.token.lookup_self().status_code == _OK
            raise self._problem(_FORBIDDEN if knows_token else "token", path)
        secret = self._decode(response, _Secret, path)
        data = secret.data
        # Version 2 of KV answers with the secret beside its metadata.
        if data.keys() == {"data", "metadata"} and isinstance(data["data"], dict):
            data = data["data"]
        # KV gives a duration without a lease, as a hint to look again ("KV version 1", "TTLs"). A
        # lease ends with the token at the latest.
        if not (secret.lease_id and secret.lease_duration):
            return data, None
        ends = min(asked + secret.lease_duration, self._ends)
        return data, datetime.fromtimestamp(ends, timezone.utc)

    def _ask(self, client: _Client) -> tuple[str, Response]:
        """Return the secret's path in the API, and the answer to reading it."""
        path = self._path
        # This is how `vault kv get` learns of the engine's version. Where that is not permitted
        # Vault answers 403, and before version 0.10 with 404.
        response = client.read(f"sys/internal/ui/mounts/{quote(path)}")
        if response.status_code not in {_FORBIDDEN, _NOT_FOUND}:
            mount = self._decode(response, _Secret).data
            if (mount.get("options") or {}).get("version") == "2":
                path = _data_path(path, str(mount.get("path")))
        return path, client.read(quote(path))

    def _log_in(self, client: _Client) -> None:
        asked = time.time()
        client.token = ""  # the one that was kept is of no use here
        if self._method == "approle":
            login = partial(client.auth.approle.login, self._settings.role_id)
            secret = self._settings.secret_id
        else:
            login = partial(client.auth.kubernetes.login, self._settings.kubernetes_role)
            secret = _service_account(self._settings.kubernetes_token_file)
        response = login(secret, use_token=False, mount_point=self._mount)
        if response.status_code in {_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND}:
            raise _Wrong(
                f"Vault refuses the login (status {response.status_code}); check "
                f"{_LOGIN_SETTINGS[self._method]}, vault_auth_mount and vault_namespace"
            )
        auth = self._decode(response, _Login).auth
        client.token = self._token = auth.client_token
        lifetime = auth.lease_duration or math.inf
        # Keys die with the token that they were made for, so they are made for a young one.
        self._ends, self._renews = asked + lifetime, asked + lifetime / 2

    def _decode(self, response: Response, kind: type[_Answer], path: str = "") -> _Answer:
        if response.status_code == _OK:
            with suppress(msgspec.MsgspecError):
                return msgspec.json.decode(response.content, type=kind)
        raise self._problem(response.status_code, path)

    def _problem(self, what: int | str, path: str = "") -> SettingError:
        usual = f"answers with status {what}; try again later, or `vault read {self._path}`"
        problem = _PROBLEMS.get(what, "").replace("{path}", path) or usual
        return _Wrong(f"Vault at {self._address} {problem}")


def _service_account(file: str | None) -> str:
    """Return the token of the pod, which Kubernetes renews: it is read at each login."""
    file = file or _SERVICE_ACCOUNT
    with suppress(OSError, UnicodeError):
        if token := Path(file).read_text(encoding="utf-8").strip():
            return token
    raise _Wrong(f"{file} holds no token of a service account; check vault_kubernetes_token_file")


def _data_path(path: str, mount: str) -> str:
    """Return where version 2 of KV has a secret: its path with `data` behind the mount's.

    Namespaces may stand before the mount in either path, without doing so in the other.
    """
    parts = mount.strip("/").split("/")
    for start in range(len(parts)):
        name = "/".join(parts[start:])
        if (found := f"/{path}/".find(f"/{name}/")) >= 0:
            end = found + len(name)
            return f"{path[:end]}/data{path[end:]}"
    return path


def _refuse_unsafe_redirect(response: Response, **_: Any) -> None:
    """Stop requests from carrying the token into the clear: a standby node redirects."""
    if not response.is_redirect:
        return
    with suppress(ValueError):  # of what is no URL
        if is_safe(urljoin(response.url, response.headers["Location"])):
            return
    response.close()
    raise _Wrong("Vault redirects to plain http; check vault_address, and its own `api_addr`")
