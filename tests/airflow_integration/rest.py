"""A client of Airflow's REST API: `/api/v2` of 3.x, `/api/v1` of 2.x."""

# ruff: noqa: ANN401  # any JSON
from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

_TIMEOUT_SECONDS = 30.0


class Rest:
    """A client without a password: the deployment has no authentication.

    Args:
        base_url: Where the server listens.
        major: Airflow's major version.
    """

    def __init__(self, base_url: str, major: int) -> None:
        self._base_url = base_url
        self._root = "/api/v1" if major == 2 else "/api/v2"
        self._headers = {"Content-Type": "application/json"}
        self._major = major

    def is_up(self) -> bool:
        """Return whether the server responds."""
        try:
            self._send("GET", f"{self._root}/version", None)
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def log_in(self) -> None:
        """Fetch the token that 3.x requires even without authentication."""
        if self._major > 2:
            token = self._send("GET", "/auth/token", None)["access_token"]
            self._headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str) -> Any:
        """Return the response to a GET."""
        return self._send("GET", self._root + path, None)

    def post(self, path: str, body: Any) -> Any:
        """Return the response to a POST."""
        return self._send("POST", self._root + path, body)

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> None:
        """Start a run of a DAG."""
        body: dict[str, Any] = {"dag_run_id": run_id, "conf": conf}
        if self._major > 2:
            body["logical_date"] = None
        self.post(f"/dags/{dag_id}/dagRuns", body)

    def clear(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Clear one task of a run, whatever its state, so that it runs again."""
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": [task_id],
            "only_failed": False,
            "reset_dag_runs": True,
        }
        self.post(f"/dags/{dag_id}/clearTaskInstances", body)

    def _send(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._base_url + path, data=data, headers=self._headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            raise AssertionError(f"{method} {path}: {error.code} {text}") from None
