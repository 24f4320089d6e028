"""Base class of the operators: the connection, the deferral, the link."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from atlas_backups.airflow.arguments import TextTemplates
from atlas_backups.airflow.compat import AirflowException, BaseOperator, is_deferral_timeout
from atlas_backups.airflow.hook import AtlasBackupsHook
from atlas_backups.airflow.links import AtlasClusterLink
from atlas_backups.airflow.trigger import AtlasSnapshotTrigger

if TYPE_CHECKING:
    from collections.abc import Collection

    from atlas_backups import Snapshot
    from atlas_backups.airflow.compat import BaseOperatorLink, Context
    from atlas_backups.airflow.deadline import Deadline

# Added to the deadline: Airflow's timeout of a deferral is only for a missing triggerer.
_GRACE_SECONDS = 120.0


class AtlasOperator(TextTemplates, BaseOperator):
    """An operator that can wait in the triggerer.

    Args:
        atlas_conn_id: id of the connection.
        kwargs: those of every operator.
    """

    operator_extra_links: Collection[BaseOperatorLink] = (AtlasClusterLink(),)
    ui_color = "#e3fcf0"

    def __init__(
        self,
        *,
        atlas_conn_id: str = AtlasBackupsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401  # Airflow's own
    ) -> None:
        super().__init__(**kwargs)
        self.atlas_conn_id = atlas_conn_id

    def hook(self) -> AtlasBackupsHook:
        """Return the hook for the connection."""
        return AtlasBackupsHook(self.text("atlas_conn_id"))

    def defer_until_finished(
        self,
        snapshot: Snapshot,
        deadline: Deadline,
        *,
        poll_interval: float | None,
        then: str,
    ) -> NoReturn:
        """Defer until the snapshot is finished; Airflow resumes in the method `then`."""
        self.log.info(
            "Waiting in the triggerer, at most %.0f s, for snapshot %s of cluster %s",
            deadline.left_at_least(0.0),
            snapshot.id,
            snapshot.cluster_name,
        )
        deadline = deadline.seen(snapshot.requested_at)
        self.defer(
            trigger=AtlasSnapshotTrigger(
                group_id=snapshot.group_id,
                cluster_name=snapshot.cluster_name,
                snapshot_id=snapshot.id,
                deadline=deadline.moment,
                timeout=deadline.timeout,
                poll_interval=poll_interval,
                atlas_conn_id=self.text("atlas_conn_id"),
            ),
            method_name=then,
            timeout=timedelta(seconds=max(deadline.left(), 0) + _GRACE_SECONDS),
        )
        raise AssertionError("defer raises")  # typed as NoReturn only in Airflow 3

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:  # noqa: ANN401  # what the method returns
        """Resume after a deferral; explain a timeout without a triggerer."""
        if is_deferral_timeout(next_method, next_kwargs):
            error = AirflowException(
                "no triggerer responded in time: is one running? The snapshot continues in "
                "Atlas; a retry of this task waits for the same one"
            )
            self.log.error("%s", error)
            raise error
        return super().resume_execution(next_method, next_kwargs, context)
