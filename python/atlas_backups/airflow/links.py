"""The link from a task to its cluster in the Atlas UI."""

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
        """The XCom from which Airflow 3 reads the URL while the task runs."""
        return _KEY

    def get_link(self, operator: Any, *, ti_key: Any) -> Any:  # noqa: ANN401, ARG002  # Airflow's own
        """Return the URL that the task has pushed; `None` before that.

        Airflow 3 stores the returned value, and shows a button even for an empty string.
        """
        return XCom.get_value(key=_KEY, ti_key=ti_key) or None


def push_link(context: Context, base_url: str, group_id: str, cluster_name: str) -> None:
    """Point the button to a cluster. Atlas does not document this path."""
    path = f"/v2/{group_id}#/clusters/detail/{cluster_name}"
    task_instance(context).xcom_push(key=_KEY, value=base_url.rstrip("/") + path)
