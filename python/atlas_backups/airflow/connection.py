"""Reads an Airflow connection of the type `mongodb_atlas` into client options."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import SplitResult, urlsplit

from atlas_backups import ApiKey, AtlasBackups, ConfigurationError, ServiceAccount
from atlas_backups.airflow.compat import airflow_version, mask_secret

if TYPE_CHECKING:
    from atlas_backups.airflow.compat import Connection

_BASE_URL = "https://cloud.mongodb.com"
_CLIENT_ID = "mdb_sa_id_"
_CLIENT_SECRET = "mdb_sa_sk_"  # noqa: S105  # a prefix
_PUBLIC_KEY = re.compile(r"[a-z]{8}")
_PRIVATE_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_CACHE = "off"
# A URI scheme may not contain an underscore, so Airflow parses the rest as the schema.
_UNDERSCORE_URI = "ongodb_atlas//"
# Each task is a process, so a fleet exhausts a project's rate limit without coordination. These
# retries take about half a minute, in which Atlas allows 250 more requests.
_MAX_RETRIES = 8

# Labels of the form; AIRFLOW_CONN_… uses the names in brackets.
LABELS = {
    "login": "Client ID (login)",
    "password": "Client secret (password)",
    "public_key": "API public key (extra: public_key)",
    "private_key": "API private key (extra: private_key)",
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Options of a client; equal settings can share one client.

    Attributes:
        service_account: client id and secret, or `None`.
        api_key: public and private key, or `None`; one of the two is set.
        base_url: URL of Atlas.
        proxy: URL of a proxy; `None`: from the environment.
        ca_file: additional trusted certificates.
        token_cache: file for tokens shared by processes; `None`: in memory.
    """

    service_account: tuple[str, str] | None = field(default=None, repr=False)
    api_key: tuple[str, str] | None = field(default=None, repr=False)
    base_url: str
    proxy: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    token_cache: str | None = None

    def client(self, **options: Any) -> AtlasBackups:  # noqa: ANN401  # the client's own
        """Create a client, which the caller closes; `options` are passed to it."""
        credentials = (
            ServiceAccount(*self.service_account)
            if self.service_account
            else ApiKey(*self.api_key)
            if self.api_key
            else None
        )
        options.setdefault("max_retries", _MAX_RETRIES)
        return AtlasBackups(
            credentials,
            base_url=self.base_url,
            proxy=self.proxy,
            ca_file=self.ca_file,
            token_cache=self.token_cache,
            user_agent_suffix=f"apache-airflow/{airflow_version}",
            **options,
        )


def settings_of(connection: Connection) -> Settings:
    """Read a connection.

    Raises:
        ConfigurationError: a field is missing or wrong; the message names the connection and the
            field, and contains no secret.
    """
    extra = _extra(connection)
    login, password, host = _from_underscore_uri(connection) or (
        connection.login,
        connection.password,
        connection.host,
    )
    values = {
        "login": login,
        "password": password,
        **{name: extra.get(name) for name in ("public_key", "private_key")},
    }
    stripped = {name: str(value or "").strip() for name, value in values.items()}
    filled = {name: value for name, value in stripped.items() if value}
    for secret in ("password", "private_key"):
        if secret in filled:
            mask_secret(filled[secret])
    _check(connection.conn_id, filled)
    proxy = _text(extra, "proxy")
    if proxy and (password := _parts(proxy, "proxy", connection.conn_id).password):
        mask_secret(password)
    account = (filled["login"], filled["password"]) if "login" in filled else None
    key = (filled["public_key"], filled["private_key"]) if "public_key" in filled else None
    base_url = _base_url(connection.conn_id, host, connection.port)
    token_cache = _text(extra, "token_cache")
    return Settings(
        service_account=account,
        api_key=key,
        base_url=base_url,
        proxy=proxy,
        ca_file=_text(extra, "ca_file"),
        token_cache=_token_cache(token_cache, (*account, base_url)) if account else None,
    )


def _check(conn_id: str, filled: dict[str, str]) -> None:
    """Reject credentials that are incomplete, ambiguous or in the wrong fields."""
    where = f"connection {conn_id!r}"
    for name, value in filled.items():
        for beginning, right in ((_CLIENT_ID, "login"), (_CLIENT_SECRET, "password")):
            if value.startswith(beginning) and name != right:
                what = "a client ID" if right == "login" else "a client secret"
                raise ConfigurationError(
                    f"{where}: {LABELS[name]} holds {what} of a service account ({beginning}…); "
                    f"it belongs in {LABELS[right]}"
                )
    if _PUBLIC_KEY.fullmatch(filled.get("login", "")) and _PRIVATE_KEY.fullmatch(
        filled.get("password", "")
    ):
        raise ConfigurationError(
            f"{where}: {LABELS['login']} and {LABELS['password']} hold an API key; it belongs "
            f"in {LABELS['public_key']} and {LABELS['private_key']}"
        )
    for first, second in (("login", "password"), ("public_key", "private_key")):
        for present, missing in ((first, second), (second, first)):
            if present in filled and missing not in filled:
                raise ConfigurationError(
                    f"{where} is incomplete: {LABELS[present]} is set, {LABELS[missing]} is not"
                )
    if not filled:
        raise ConfigurationError(
            f"{where} has no credentials: fill in {LABELS['login']} and {LABELS['password']} of a "
            f"service account, or {LABELS['public_key']} and {LABELS['private_key']}"
        )
    if "login" in filled and "public_key" in filled:
        raise ConfigurationError(
            f"{where} has both a service account and an API key: empty one of the two pairs"
        )


def _extra(connection: Connection) -> dict[str, Any]:
    """Return the extra fields; Airflow masks them, and ignores an invalid extra."""
    written = (connection.extra or "").strip() or "{}"
    try:
        fields = json.loads(written)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise ConfigurationError(
            f"connection {connection.conn_id!r}: its extra must be a JSON object"
        )
    return cast("dict[str, Any]", connection.extra_dejson)


def _text(extra: dict[str, Any], name: str) -> str | None:
    return str(extra.get(name) or "").strip() or None


def _from_underscore_uri(connection: Connection) -> tuple[str, str, str] | None:
    """Return login, password and host of a URI that starts with `mongodb_atlas://`."""
    schema = connection.schema or ""
    if connection.conn_type or not schema.startswith(_UNDERSCORE_URI):
        return None
    # Airflow has already removed the first colon and decoded the percent signs.
    credentials, _, host = schema.removeprefix(_UNDERSCORE_URI).rpartition("@")
    login, _, password = credentials.partition(":")
    return login, password, host


def _base_url(conn_id: str, given: str | None, port: int | None) -> str:
    """Join host and port into a URL; `AIRFLOW_CONN_…` in URI form splits them.

    A loopback host without a scheme is plain HTTP. Port 0 is no port: forms store an empty field
    as 0. The environment is not used, so that a connection is the same on every worker.
    """
    host = (given or "").strip().rstrip("/")
    if not host:
        return _BASE_URL
    if _ip_version(host) == 6:  # noqa: PLR2004
        host = f"[{host}]"
    parts = _parts(host if "://" in host else f"https://{host}", "Base URL (host)", conn_id)
    if "://" not in host and _is_loopback(parts.hostname or ""):
        parts = parts._replace(scheme="http")
    if not parts.port:
        netloc = parts.netloc.removesuffix(":0")
        parts = parts._replace(netloc=f"{netloc}:{port}" if port else netloc)
    if "/api/" in parts.path:
        raise ConfigurationError(
            f"connection {conn_id!r}: host must be the URL of Atlas, such as "
            f"{_BASE_URL}, without the path of its API"
        )
    return parts.geturl()


def _ip_version(host: str) -> int | None:
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    if _ip_version(host) is None:
        return host == "localhost" or host.endswith(".localhost")
    return ipaddress.ip_address(host).is_loopback


def _parts(url: str, field: str, conn_id: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # parsed on access
    except ValueError:
        raise ConfigurationError(f"connection {conn_id!r}: {field} is not a URL") from None
    return parts


def _token_cache(given: str | None, owner: tuple[str, ...]) -> str | None:
    """Choose the token cache; the default is one file for each `owner`.

    The owner is client id, secret and base URL, so that a wrong secret never uses a cached token.

    Atlas issues 50 tokens a minute and 100 at a time, so tasks, which are processes, share one.
    Only a pod of the Kubernetes executor has no other task to share with, and revokes its token.
    """
    if given == _NO_CACHE:
        return None
    if given is not None:
        return given
    if os.environ.get("AIRFLOW_IS_K8S_EXECUTOR_POD") or not hasattr(os, "getuid"):
        return None
    directory = Path(tempfile.gettempdir()) / f"atlas-backups-{os.getuid()}"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        status = directory.lstat()
    except OSError:
        return None
    # Another user may have created it, or a symbolic link.
    if status.st_uid != os.getuid() or not _is_private_directory(status.st_mode):
        return None
    digest = hashlib.sha256(json.dumps(owner).encode()).hexdigest()
    return str(directory / f"tokens-{digest[:16]}")


def _is_private_directory(mode: int) -> bool:
    return stat.S_ISDIR(mode) and not mode & (stat.S_IRWXG | stat.S_IRWXO)
