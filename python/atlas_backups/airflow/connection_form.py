"""Fields of the connection form, as Airflow 3.2 and later describe them."""

from __future__ import annotations

from typing import Any

# In the order of the form; all are stored in the connection's "extra".
FIELDS: dict[str, dict[str, Any]] = {
    "public_key": {
        "label": "API public key",
        "description": "Only for a (legacy) API key, in place of client ID and secret.",
        "schema": {"type": ["string", "null"]},
    },
    "private_key": {
        "label": "API private key",
        "description": "Only for a (legacy) API key.",
        "schema": {"type": ["string", "null"], "format": "password"},
    },
    "proxy": {
        "label": "Proxy",
        "description": (
            "URL of an HTTP proxy, as http://proxy.example:3128. Empty: HTTPS_PROXY of the "
            "worker's environment."
        ),
        "schema": {"type": ["string", "null"], "format": "password"},
    },
    "ca_file": {
        "label": "CA file",
        "description": "PEM file of certificates to trust besides the system's, on every worker.",
        "schema": {"type": ["string", "null"]},
    },
    "token_cache": {
        "label": "Token cache",
        "description": (
            "File in which the tasks of a worker share a service account's token, as "
            "/var/cache/airflow/atlas-tokens. Empty: one in the worker's temporary directory. "
            "off: every task fetches its own token; Atlas issues at most 50 a minute."
        ),
        "schema": {"type": ["string", "null"]},
    },
}

# Airflow 3.3 shows no placeholders for the fields above.
BEHAVIOUR: dict[str, Any] = {
    "hidden-fields": ["schema", "port", "extra"],
    "relabeling": {"login": "Client ID", "password": "Client secret", "host": "Base URL"},
    "placeholders": {
        "login": "mdb_sa_id_… of a service account",
        "password": "mdb_sa_sk_…",
        "host": "https://cloud.mongodb.com",
    },
}
