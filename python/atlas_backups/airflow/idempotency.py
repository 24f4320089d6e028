"""The idempotency key of a task."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from atlas_backups.airflow.compat import dag_run, task_instance

if TYPE_CHECKING:
    from atlas_backups.airflow.compat import Context


def task_key(context: Context) -> str:
    """Return a key that is the same for all tries of a task, and changes when it is cleared.

    Its parts are dag id, task id, run id and map index; the start of the run, which distinguishes
    a run from a deleted one with the same id; and `max_tries`, which retries and dead workers do
    not change, while clearing a tried task raises it to the tries so far plus the retries allowed.

    Never change the parts: a task retried after an upgrade would not find its snapshot.
    """
    ti = task_instance(context)
    started = dag_run(context).start_date
    parts = [
        ti.dag_id,
        ti.task_id,
        ti.run_id,
        -1 if ti.map_index is None else ti.map_index,
        ti.max_tries,
        None if started is None else round(started.timestamp() * 1_000_000),
    ]
    return "airflow:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()
