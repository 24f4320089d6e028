"""A whole Airflow on this machine: its server, scheduler, DAG processor and triggerer."""

from __future__ import annotations

import contextlib
import json
import os
import pkgutil
import random
import socket
import sqlite3
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import atlas_backups

from .programs import Program, kill, wait_until
from .rest import Rest

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from atlas_backups.emulator import AtlasEmulator

DAGS = Path(__file__).parent / "dags"
MAJOR = int(version("apache-airflow").partition(".")[0])
OUR_MODULES = (
    "atlas_backups",
    *(item.name for item in pkgutil.walk_packages(atlas_backups.__path__, "atlas_backups.")),
)

# Short intervals for everything that Airflow polls.
SETTINGS = {
    "CORE__DAGS_FOLDER": str(DAGS),
    "CORE__LOAD_EXAMPLES": "False",
    "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "CORE__EXECUTOR": "LocalExecutor",
    "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    "API__WORKERS": "1",
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
    "LOGGING__LOGGING_LEVEL": "INFO",
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "SCHEDULER__JOB_HEARTBEAT_SEC": "1",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "1",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
    "SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "600",
    "TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
    "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
}
SETTINGS_OF_2 = {
    "API__AUTH_BACKENDS": "airflow.api.auth.backend.default",
    "WEBSERVER__WORKERS": "1",
    "SCHEDULER__LOCAL_TASK_JOB_HEARTBEAT_SEC": "1",
    "SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "10",
    "SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "1",
}
_START_SECONDS = 90.0
_FINAL = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})


class Deployment:
    """Airflow with SQLite and the LocalExecutor, with each program as a process that can be killed.

    A context manager: entered, it prepares the database and starts all programs.

    Args:
        home: An empty folder, which becomes its `AIRFLOW_HOME`.
        emulator: What the connection `mongodb_atlas_default` leads to.
        parallelism: How many tasks run at a time.
    """

    def __init__(self, home: Path, emulator: AtlasEmulator, *, parallelism: int = 1) -> None:
        self.home = home
        port = _free_port()
        self.base_url = f"http://127.0.0.1:{port}"
        self.rest = Rest(self.base_url, MAJOR)
        self.environment = self._environment(emulator, parallelism)
        serve = ("api-server", "--host", "127.0.0.1") if MAJOR > 2 else ("webserver",)
        self.server = self._program(*serve, "--port", str(port))
        self.scheduler = self._program("scheduler", "--skip-serve-logs")
        self.triggerer = self._program("triggerer", "--skip-serve-logs")
        self.dag_processor = self._program("dag-processor")
        self._programs = (self.server, self.scheduler, self.triggerer, self.dag_processor)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Kill every process of this Airflow."""
        for program in self._programs:
            program.kill()
        # A task whose worker was killed has another parent.
        for pid in self._members():
            kill(pid)

    def run(self, *arguments: str) -> str:
        """Run one of Airflow's commands and return what it prints.

        Raises:
            AssertionError: It fails.
        """
        done = subprocess.run(  # noqa: S603 - a command of the test's own
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def add_pool(self, name: str, slots: int) -> None:
        """Create a pool."""
        self.rest.post("/pools", {"name": name, "slots": slots})

    def trigger(self, dag_id: str, run_id: str, **conf: Any) -> Run:  # noqa: ANN401 - any JSON
        """Start a run of a DAG of the folder `dags`."""
        self.rest.trigger(dag_id, run_id, conf)
        return Run(self, dag_id, run_id)

    def _start(self) -> None:
        self.run("db", "migrate")
        # Readers do not wait for the writer.
        connection = sqlite3.connect(self.home / "airflow.db")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
        (self.home / "webserver_config.py").write_text("AUTH_ROLE_PUBLIC = 'Admin'\n")
        for program in self._programs:
            program.start()
        wait_until(self._is_up, _START_SECONDS, "Airflow's server responds")
        self.rest.log_in()
        files = len(list(DAGS.glob("*.py")))
        wait_until(lambda: self._parsed() >= files, _START_SECONDS, "all DAGs are known")

    def _is_up(self) -> bool:
        assert self.server.runs, self.server.output
        return self.rest.is_up()

    def _parsed(self) -> int:
        dags = self.rest.get("/dags")["dags"]
        return len({dag["fileloc"] for dag in dags})

    def _environment(self, emulator: AtlasEmulator, parallelism: int) -> dict[str, str]:
        settings = SETTINGS | {"CORE__PARALLELISM": str(parallelism)}
        if MAJOR > 2:
            settings["CORE__EXECUTION_API_SERVER_URL"] = f"{self.base_url}/execution/"
            settings["API__BASE_URL"] = self.base_url
        else:
            settings |= SETTINGS_OF_2
        account = emulator.credential("service_account")
        connection = {
            "conn_type": "mongodb_atlas",
            "host": emulator.base_url,
            "login": account.id,
            "password": account.secret,
        }
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW", "MONGODB_ATLAS_"))
        }
        return kept | {
            "AIRFLOW_HOME": str(self.home),
            "TMPDIR": str(self.home),
            "AIRFLOW_CONN_MONGODB_ATLAS_DEFAULT": json.dumps(connection),
            # Our modules must not use deprecated APIs.
            "PYTHONWARNINGS": ",".join(f"error::DeprecationWarning:{name}" for name in OUR_MODULES),
            # Airflow 2 rejects SQLite with this executor outside its own tests.
            "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
            **{f"AIRFLOW__{name}": value for name, value in settings.items()},
        }

    def _program(self, *arguments: str) -> Program:
        command = (sys.executable, "-m", "airflow", *arguments)
        return Program(command, self.environment, self.home / f"{arguments[0]}.txt")

    def _members(self) -> list[int]:
        mark = f"AIRFLOW_HOME={self.home}".encode()
        members: list[int] = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                try:
                    environment = (folder / "environ").read_bytes()
                except OSError:
                    continue
                if mark in environment.split(b"\0"):
                    members.append(int(folder.name))
        return members


class Run:
    """One run of a DAG."""

    def __init__(self, deployment: Deployment, dag_id: str, run_id: str) -> None:
        self._deployment = deployment
        self._path = f"/dags/{dag_id}/dagRuns/{run_id}"
        self.dag_id = dag_id
        self.run_id = run_id

    def tasks(self, task_id: str) -> list[dict[str, Any]]:
        """Return the instances of a task, one for each map index."""
        found: list[dict[str, Any]] = []
        while True:
            path = f"{self._path}/taskInstances?limit=100&offset={len(found)}"
            page = self._deployment.rest.get(path)["task_instances"]
            found += page
            if not page:
                return [item for item in found if item["task_id"] == task_id]

    def task(self, task_id: str) -> dict[str, Any]:
        """Return the only instance of a task as the REST interface shows it."""
        (instance,) = self.tasks(task_id)
        return instance

    def states(self, task_id: str) -> list[str | None]:
        """Return the states of a task's instances."""
        return [task["state"] for task in self.tasks(task_id)]

    def wait_for(self, task_id: str, *states: str, seconds: float = 60.0) -> dict[str, Any]:
        """Wait until a task has one of these states, and return it.

        Raises:
            AssertionError: It ended in another state; its log stands in the message.
            TimeoutError: It does not come there in time.
        """

        def arrived() -> bool:
            state = self.task(task_id)["state"]
            assert state in states or state not in _FINAL, f"{state}\n{self.log(task_id)}"
            return state in states

        wait_until(arrived, seconds, f"{task_id} is {' or '.join(states)}")
        return self.task(task_id)

    def wait_for_end(self, seconds: float = 60.0) -> None:
        """Wait until the run ends.

        Raises:
            TimeoutError: It is not in time.
        """

        def over() -> bool:
            return self._deployment.rest.get(self._path)["state"] in _FINAL

        wait_until(over, seconds, f"{self.run_id} is over")

    def wait_for_all(self, task_id: str, count: int, seconds: float) -> None:
        """Wait until so many instances of a mapped task have succeeded.

        Raises:
            AssertionError: One of them failed; the logs of all stand in the message.
            TimeoutError: They do not in time.
        """

        def succeeded() -> bool:
            states = self.states(task_id)
            assert "failed" not in states, self.log(task_id)
            return states == ["success"] * count

        wait_until(succeeded, seconds, f"{count} instances of {task_id} have succeeded")

    def clear(self, task_id: str) -> None:
        """Clear one task, whatever its state, so that it runs again."""
        self._deployment.rest.clear(self.dag_id, self.run_id, task_id)

    def xcom(self, task_id: str, key: str = "return_value") -> Any:  # noqa: ANN401 - any JSON
        """Return what a task pushed."""
        path = f"{self._path}/taskInstances/{task_id}/xcomEntries/{key}?stringify=false"
        return self._deployment.rest.get(path)["value"]

    def log(self, task_id: str) -> str:
        """Return everything that a task, and its trigger, logged in all attempts."""
        folder = self._deployment.home / "logs" / f"dag_id={self.dag_id}" / f"run_id={self.run_id}"
        files = sorted((folder / f"task_id={task_id}").rglob("*.log*"))
        return "\n".join(f"== {file.name}\n{file.read_text(encoding='utf-8')}" for file in files)


def _free_port() -> int:
    """Return a port below those that the system gives to whoever asks for any.

    The server listens only seconds later, and somebody would have been given one of those.
    """
    for port in random.sample(range(10_000, 32_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")
