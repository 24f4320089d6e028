"""Registration with Airflow as a provider."""

# ruff: noqa: ANN401, PLC0415  # Airflow differs by version
from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import atlas_backups
from atlas_backups.airflow import AtlasBackupsHook, AtlasTakeSnapshotOperator
from atlas_backups.airflow.connection_form import BEHAVIOUR, FIELDS
from atlas_backups.airflow.links import AtlasClusterLink
from atlas_backups.airflow.provider import get_provider_info
from tests.airflow.lab import is_airflow_2

if TYPE_CHECKING:
    from tests.airflow.conftest import Log
    from tests.airflow.lab import Lab


@pytest.fixture(scope="module")
def manager() -> Any:
    from airflow.providers_manager import ProvidersManager

    return ProvidersManager()


def test_provider_is_registered_with_version(manager: Any) -> None:
    assert manager.providers["atlas-backups"].version == atlas_backups.__version__


def test_connection_type_has_hook(manager: Any) -> None:
    hook = manager.hooks["mongodb_atlas"]

    assert hook.hook_name == "MongoDB Atlas"
    assert hook.hook_class_name == "atlas_backups.airflow.hook.AtlasBackupsHook"
    assert hook.connection_id_attribute_name == "atlas_conn_id"


def test_form_has_extra_fields(manager: Any) -> None:
    prefix = "extra__mongodb_atlas__"

    shown = {
        name.removeprefix(prefix): widget.is_sensitive
        for name, widget in manager.connection_form_widgets.items()
        if name.startswith(prefix)
    }

    assert list(shown) == list(FIELDS)
    assert {name for name, is_sensitive in shown.items() if is_sensitive} == {
        "private_key",
        "proxy",
    }


def test_form_relabels_standard_fields(manager: Any) -> None:
    behaviour = manager.field_behaviours["mongodb_atlas"]

    assert behaviour["relabeling"] == BEHAVIOUR["relabeling"]
    assert behaviour["hidden_fields"] == BEHAVIOUR["hidden-fields"]


@pytest.mark.skipif(is_airflow_2(), reason="2.11 has no such description")
def test_form_is_described_for_airflow_3() -> None:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    (found,) = [
        hook for hook in HookMetaService.hook_meta_data() if hook.connection_type == "mongodb_atlas"
    ]

    assert found.standard_fields is not None
    assert found.standard_fields.url_schema is not None
    assert found.extra_fields is not None
    assert set(found.extra_fields) == set(FIELDS)


def test_link_is_registered(manager: Any) -> None:
    assert "atlas_backups.airflow.links.AtlasClusterLink" in manager.extra_links_class_names


def test_provider_modules_are_importable() -> None:
    info = get_provider_info()

    for kind in ("hooks", "operators", "sensors", "triggers"):
        for entry in info[kind]:
            for module in entry["python-modules"]:
                __import__(module)


def test_link_points_to_cluster(lab: Lab, log: Log) -> None:
    with lab.dag() as dag:
        task = AtlasTakeSnapshotOperator(
            task_id="take",
            group_id=lab.emulator.group_id,
            cluster_name=lab.emulator.cluster_name,
            wait_for_completion=False,
        )

    run = lab.run(dag)

    url = f"{lab.emulator.base_url}/v2/{lab.emulator.group_id}#/clusters/detail/Cluster0"
    assert run.xcom("take", AtlasClusterLink().xcom_key) == url
    assert "Failed to push an xcom" not in log()
    if is_airflow_2():
        assert AtlasClusterLink().get_link(task, ti_key=run.task("take").key) == url


IMPORTS_NOTHING = """
import sys
import atlas_backups
import atlas_backups.airflow.provider
atlas_backups.airflow.provider.get_provider_info()
print(sorted(name for name in sys.modules if name.partition(".")[0] == "airflow"))
"""

IMPORTS_SILENTLY = r"""
import warnings
warnings.filterwarnings("error", category=DeprecationWarning, module=r"atlas_backups(\.|$)")
import airflow  # what it says of itself
from atlas_backups import airflow
print([getattr(airflow, name).__name__ for name in airflow.__all__] == airflow.__all__)
"""


@pytest.mark.parametrize(
    ("program", "printed"), [(IMPORTS_NOTHING, "[]"), (IMPORTS_SILENTLY, "True")]
)
def test_import_is_silent_and_lazy(program: str, printed: str) -> None:
    options = ["-W", "error::DeprecationWarning:atlas_backups", "-c", program]

    done = subprocess.run([sys.executable, *options], capture_output=True, text=True, check=False)  # noqa: S603  # our own program

    assert done.stdout.splitlines()[-1:] == [printed], done.stderr


def test_public_names_are_five() -> None:
    assert set(atlas_backups.airflow.__all__) == {
        "AtlasBackupsHook",
        "AtlasDeleteSnapshotOperator",
        "AtlasSnapshotSensor",
        "AtlasSnapshotTrigger",
        "AtlasTakeSnapshotOperator",
    }
    assert set(atlas_backups.airflow.__all__) <= set(dir(atlas_backups.airflow))
    with pytest.raises(AttributeError):
        _ = atlas_backups.airflow.AtlasNothing  # pyright: ignore[reportAttributeAccessIssue]
    assert AtlasBackupsHook.conn_type == "mongodb_atlas"
