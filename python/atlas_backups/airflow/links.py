"""The link from a task to its cluster in Atlas' own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_backups.airflow.compat import BaseOperatorLink, XCom, task_instance

if TYPE_CHECKING:
    from atlas_backups.airflow.compat import Context

_KEY = "atlas_cluster_url"


class AtlasClusterLink(BaseOperatorLink):
    """The button "MongoDB Atlas" of a task."""

    @property
    def name(self) -> str:
        """Text of the button."""
        return "MongoDB Atlas"

    @property
    def xcom_key(self) -> str:
        """Where Airflow 3 looks for the URL itself, while the task still runs."""
        return _KEY

    def get_link(self, operator: Any, *, ti_key: Any) -> Any:  # noqa: ANN401, ARG002  # Airflow's own
        """Return the URL that the task has pushed; `None` before that.

        A task of Airflow 3 pushes at its end what this returns, and the page shows a button for
        every text, also for an empty one.
        """
        return XCom.get_value(key=_KEY, ti_key=ti_key) or None


def push_link(context: Context, base_url: str, group_id: str, cluster_name: str) -> None:
    """Let the button lead to a cluster; nobody has promised that Atlas keeps this path."""
    path = f"/v2/{group_id}#/clusters/detail/{cluster_name}"
    task_instance(context).xcom_push(key=_KEY, value=base_url.rstrip("/") + path)
