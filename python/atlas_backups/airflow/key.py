"""The idempotency key of a task."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from atlas_backups.airflow.compat import dag_run, task_instance

if TYPE_CHECKING:
    from atlas_backups.airflow.compat import Context


def key_of(context: Context) -> str:
    """Return a key that is the same for every try of a task, and another one once it is cleared.

    It is made of dag id, task id, run id and map index; of the start of the run, which tells a
    run from a deleted one of the same id; and of `max_tries`, which no retry and no lost worker
    changes, while clearing a task that has been tried sets it to more than it ever was: the tries
    made so far plus the retries allowed.

    Never change what it is made of: a task tried again after an upgrade would not find its
    snapshot.
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
