"""Redirects are not followed: a POST would become a GET, and credentials would leak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atlas_backups import InvalidResponseError
from tests.faults.lab import CALLS, Fault
from tests.faults.matrix_rows import REDIRECT
from tests.faults.service import good, service
from tests.raw_server import Received, answer

if TYPE_CHECKING:
    from tests.faults.lab import Call, Lab
    from tests.raw_server import Script


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("place", ["the same host", "another port", "another host"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(lab: Lab, status: int, place: str, call: Call) -> None:
    elsewhere = lab.start(service())
    root = {
        "the same host": "",
        "another port": elsewhere.base_url,
        "another host": elsewhere.base_url.replace("127.0.0.1", "localhost"),
    }[place]

    def steps(request: Received) -> Script:
        body = good(request).partition(b"\r\n\r\n")[2]
        return [answer(status, body, {"Location": root + request.target})]

    lab.run_case(Fault(REDIRECT, f"{status} to {place}", steps, InvalidResponseError), call)

    assert (elsewhere.connections, elsewhere.requests) == (0, ())
