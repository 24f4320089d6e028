"""The link from a task to its cluster in Atlas' own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_backups.airflow.compat import BaseOperatorLink, XCom

if TYPE_CHECKING:
    from atlas_backups.airflow.compat import Context

_KEY = "atlas_cluster_url"
_DEFAULT_BASE_URL = "https://cloud.mongodb.com"


class AtlasClusterLink(BaseOperatorLink):
    """The button "MongoDB Atlas" of a task."""

    name = "MongoDB Atlas"

    @property
    def xcom_key(self) -> str:
        """Where Airflow 3 looks for the URL itself, while the task still runs."""
        return _KEY

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ANN401, ARG002  # Airflow's own
        """Return the URL that the task has pushed; empty before that."""
        return XCom.get_value(key=_KEY, ti_key=ti_key) or ""


def push_link(
    context: Context, *, base_url: str | None, group_id: str, cluster_name: str
) -> None:
    """Let the task's button lead to the cluster; nobody has promised that Atlas keeps the path."""
    base = (base_url or _DEFAULT_BASE_URL).rstrip("/")
    url = f"{base}/v2/{group_id}#/clusters/detail/{cluster_name}"
    context["ti"].xcom_push(key=_KEY, value=url)
