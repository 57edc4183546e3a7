"""A fake HashiCorp Vault on loopback: the part of its HTTP API that reads secrets.

It answers as Vault's API documentation has it, status by status: KV in both versions, the AWS
engine with leases, the logins by AppRole and Kubernetes, tokens with a few paths each, namespaces,
and the request that finds the mount of a path. Its errors quote what was sent, as a careless server
could.
"""

from __future__ import annotations

import json
import math
import secrets
import ssl
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message

    from typing_extensions import Self

Json: TypeAlias = dict[str, Any]

_DEFAULT_LEASE: Final = 2_764_800  # 32 days, which version 1 of KV tells without a lease


@dataclass
class Token:
    """What a token may read, glob by glob; the default policy lets it look itself up."""

    paths: tuple[str, ...] = ("*",)
    seconds: float = math.inf
    namespace: str = ""
    default_policy: bool = True
    uses: float = math.inf
    ends: float = field(init=False)

    def __post_init__(self) -> None:
        self.ends = time.monotonic() + self.seconds

    def may(self, path: str) -> bool:
        return any(fnmatchcase(path, glob) for glob in self.paths)


@dataclass
class Login:
    """A role that hands out tokens: by which mount, to whom, and what they may do."""

    mount: str
    expected: Json
    paths: tuple[str, ...]
    seconds: float
    namespace: str
    uses: float  # how often it may be taken


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    headers: Message
    body: Json


class VaultError(Exception):
    """What a request is refused with."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(status, *errors)
        self.status, self.errors = status, errors


@dataclass(eq=False, repr=False)
class FakeVault:
    """The server; entering it starts it.

    Attributes:
        tls: what it serves https with; None: plain http.
        sealed: answer 503 to everything.
        preflight: the status of the request that finds a mount; 200: as Vault would.
        full_mounts: name a mount with its namespaces, as Vault does where these are in the path.
        redirect: where every request is sent on to.
        latency: seconds slept in each call.
        statuses: what the next requests are answered with, whatever they ask.
        answer: a body that every request is answered with.
        tokens: by their text.
        calls: every request, in order of arrival.
    """

    tls: ssl.SSLContext | None = None
    sealed: bool = False
    preflight: int = 200
    full_mounts: bool = False
    redirect: str = ""
    latency: float = 0.0
    statuses: list[int] = field(default_factory=list)
    answer: bytes | None = None
    tokens: dict[str, Token] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._mounts: dict[tuple[str, str], str] = {}
        self._secrets: dict[tuple[str, str], Json | None] = {}
        self._leased: dict[tuple[str, str], Callable[[], Json]] = {}
        self._seconds: dict[tuple[str, str], int] = {}
        self._logins: list[Login] = []
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """The address, once it is entered."""
        if not self._server:
            raise RuntimeError("the server has not been entered")
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    def mount(self, path: str, kind: str = "kv2", namespace: str = "") -> None:
        """Mount an engine: `kv1`, `kv2` or `aws`."""
        self._mounts[namespace, path] = kind

    def write(self, path: str, secret: Json | None, namespace: str = "") -> None:
        """Store a secret at its path in the API; None for one whose latest version is deleted."""
        self._secrets[namespace, path] = secret

    def lease(self, path: str, make: Callable[[], Json], seconds: int) -> None:
        """Have the AWS engine make keys at a path, and lease them."""
        self._leased["", path], self._seconds["", path] = make, seconds

    def token(self, *paths: str, **options: Any) -> str:
        """Issue a token that may read these paths of the API, or all."""
        text = f"hvs.{secrets.token_urlsafe(30)}"
        self.tokens[text] = Token(paths or ("*",), **options)
        return text

    def login(
        self,
        mount: str,
        expected: Json,
        *paths: str,
        seconds: float = 3600,
        namespace: str = "",
        uses: float = math.inf,
    ) -> None:
        """Let whoever sends what is expected to a mount have a token for these paths, or all."""
        login = Login(mount, expected, paths or ("*",), seconds, namespace, uses)
        self._logins.append(login)

    def expire(self) -> None:
        """Let every token end, as when somebody revokes them."""
        for token in self.tokens.values():
            token.ends = -math.inf

    def paths(self, method: str = "GET") -> list[str]:
        """Return the paths that were asked for, in order."""
        return [call.path for call in list(self.calls) if call.method == method]

    def respond(self, call: Call) -> tuple[int, Json]:
        """Answer one request: a status and a body."""
        try:
            self._check_health()
            namespace = (call.headers["X-Vault-Namespace"] or "").strip("/")
            if call.method == "POST":
                return 200, self._log_in(call, namespace)
            return self._read(call.path, call.headers["X-Vault-Token"] or "", namespace)
        except VaultError as error:
            quoted = f"{call.headers['X-Vault-Token']} {json.dumps(call.body)}"
            return error.status, {"errors": [*error.errors, quoted] if error.errors else []}

    def _check_health(self) -> None:
        if self.sealed:
            raise VaultError(503, "Vault is sealed")
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            raise VaultError(status, "1 error occurred:\n\t* internal error\n\n")

    def _log_in(self, call: Call, namespace: str) -> Json:
        mount = call.path.removeprefix("auth/").removesuffix("/login")
        roles = [one for one in self._logins if (one.mount, one.namespace) == (mount, namespace)]
        if not roles:
            raise VaultError(403, "permission denied")  # Vault does not tell what is mounted
        sent = {name: value for name, value in call.body.items() if value is not None}
        role = next((one for one in roles if one.expected == sent and one.uses), None)
        if role is None:
            if "role_id" in sent:
                raise VaultError(400, "invalid role or secret ID")
            raise VaultError(403, "permission denied")
        role.uses -= 1
        token = self.token(*role.paths, seconds=role.seconds, namespace=namespace)
        lease = 0 if math.isinf(role.seconds) else int(role.seconds)
        auth = {"client_token": token, "lease_duration": lease, "renewable": True}
        return _body(None) | {"auth": auth}

    def _read(self, path: str, text: str, namespace: str) -> tuple[int, Json]:
        if not text:
            raise VaultError(403, "missing client token")
        token = self.tokens.get(text)
        known = token and token.ends > time.monotonic() and token.namespace == namespace
        if not token or not known or token.uses < 1:
            raise VaultError(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n")
        token.uses -= 1
        if path == "auth/token/lookup-self" and (token.default_policy or token.may(path)):
            return 200, _body({"ttl": 0 if math.isinf(token.seconds) else int(token.seconds)})
        if path.startswith(probe := "sys/internal/ui/mounts/"):
            return 200, self._probe(path.removeprefix(probe), token, namespace)
        if not token.may(path):
            raise VaultError(403, "1 error occurred:\n\t* permission denied\n\n")
        return self._secret(path, namespace)

    def _mounted(self, path: str, namespace: str) -> str | None:
        names = (mount for where, mount in self._mounts if where == namespace)
        return next((name for name in names if f"{path}/".startswith(f"{name}/")), None)

    def _probe(self, path: str, token: Token, namespace: str) -> Json:
        if self.preflight != 200:
            raise VaultError(self.preflight, "preflight capability check returned 403")
        mount = self._mounted(path, namespace)
        if mount is None or not any(f"{glob}/".startswith((mount, "*")) for glob in token.paths):
            raise VaultError(403, f'preflight capability check returned 403, "{path}/"')
        kind = self._mounts[namespace, mount]
        options = {"version": kind[-1]} if kind.startswith("kv") else None
        full = f"{namespace}/{mount}/" if self.full_mounts else f"{mount}/"
        return _body({"path": full, "type": kind[:3].rstrip("12"), "options": options})

    def _secret(self, path: str, namespace: str) -> tuple[int, Json]:
        where, mount = (namespace, path), self._mounted(path, namespace)
        if mount is None:
            raise VaultError(404, f'no handler for route "{path}". route entry not found.')
        kind = self._mounts[namespace, mount]
        if kind == "aws":
            if where not in self._leased:
                raise VaultError(400, f'Role "{path}" not found')
            answer = _body(self._leased[where]())
            lease = {"lease_id": f"{path}/{secrets.token_hex(8)}", "renewable": True}
            return 200, answer | lease | {"lease_duration": self._seconds[where]}
        if where not in self._secrets:
            raise VaultError(404)
        secret = self._secrets[where]
        if kind == "kv1":
            return 200, _body(secret) | {"lease_duration": _DEFAULT_LEASE}
        metadata = {"version": 2, "destroyed": False, "deletion_time": "" if secret else "2030"}
        return 200 if secret else 404, _body({"data": secret, "metadata": metadata})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, vault: FakeVault) -> None:
        self.vault = vault
        super().__init__(("127.0.0.1", 0), _Handler)
        if vault.tls:  # the handshake is left to the thread of the connection
            self.socket = vault.tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client may hang up at any time, or not like the certificate.
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write, for a second one could wait for the client's acknowledgement

    def do_GET(self) -> None:
        vault = self.server.vault
        body: Json = {}
        if size := int(self.headers["Content-Length"] or 0):
            with suppress(ValueError):
                body = json.loads(self.rfile.read(size))
        path = unquote(self.path).partition("/v1/")[2]
        call = Call(self.command, path, self.headers, body)
        vault.calls.append(call)
        time.sleep(vault.latency)
        if vault.redirect:
            self._send(307, b"", Location=f"{vault.redirect}{self.path}")
        elif vault.answer is not None:
            self._send(200, vault.answer)
        else:
            status, answer = vault.respond(call)
            self._send(status, json.dumps(answer).encode())

    def do_POST(self) -> None:
        self.do_GET()

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        if status == 503:
            self.send_header("Retry-After", "3600")  # as load balancers do
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _body(data: Json | None) -> Json:
    return {
        "request_id": secrets.token_hex(16),
        "lease_id": "",
        "renewable": False,
        "lease_duration": 0,
        "data": data,
        "wrap_info": None,
        "warnings": None,
        "auth": None,
    }
