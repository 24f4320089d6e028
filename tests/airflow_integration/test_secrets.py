from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import Site


def test_logs_and_database_contain_no_secret(site: Site) -> None:
    run = site.take()
    run.wait_for("take", "success")

    home = site.airflow.home
    files = [*home.rglob("*.log*"), *home.glob("*.txt"), *home.glob("airflow.db*")]
    written = {file: file.read_bytes() for file in files}
    headers = {request.header("Authorization") or "" for request in site.service.requests}
    tokens = {value.removeprefix("Bearer ") for value in headers if value.startswith("Bearer ")}
    secrets = {site.service.credential("service_account").secret, *tokens}

    (snapshot,) = site.snapshots
    assert len(secrets) > 1
    assert len([file for file, text in written.items() if snapshot.id.encode() in text]) > 1
    for file, text in written.items():
        assert not [secret[:4] for secret in secrets if secret.encode() in text], file
