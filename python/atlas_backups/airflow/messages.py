"""The form of a message that Airflow's log view shows: the sentence first, the request last."""

from __future__ import annotations

import re

_REQUEST_FIRST = re.compile(
    r"(?P<request>[A-Z]+ /\S*): (?:(?P<status>\d{3} [^:]*): )?(?P<sentence>.+)", re.DOTALL
)


def sentence_first(error: BaseException) -> str:
    """Return an error's message with the request in brackets at its end."""
    message = str(error)
    found = _REQUEST_FIRST.fullmatch(message)
    if found is None:
        return message
    request, status, sentence = found.group("request", "status", "sentence")
    return f"{sentence} [{request}{f': {status}' if status else ''}]"
