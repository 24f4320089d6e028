"""The exception tree: its shape, attributes, pickles and copies."""

from __future__ import annotations

import copy
import inspect
import pickle
import traceback
from typing import Any

import pytest

from atlas_backups import errors
from atlas_backups._immutable import FrozenDict
from atlas_backups.errors import (
    AmbiguousOutcomeError,
    ApiError,
    AtlasError,
    DuplicateSnapshotsError,
    InvalidResponseError,
    ServiceUnavailableError,
    SnapshotFailedError,
    SnapshotInProgressError,
    TransportError,
    WaitTimeoutError,
)
from atlas_backups.models import FieldViolation, Link, ReplicaSetSnapshot

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)

# Written out by hand from the documented interface: class, then its bases.
TREE = """
AtlasError: Exception
ConfigurationError: AtlasError ValueError
ClientClosedError: AtlasError
InvalidArgumentError: AtlasError ValueError
TransportError: AtlasError ConnectionError
RequestTimeoutError: AtlasError TimeoutError
InvalidResponseError: AtlasError
AmbiguousOutcomeError: AtlasError
DuplicateSnapshotsError: AtlasError
SnapshotFailedError: AtlasError
WaitTimeoutError: AtlasError TimeoutError
ApiError: AtlasError
BadRequestError: ApiError
ValidationError: BadRequestError
SnapshotInProgressError: BadRequestError
BackupNotEnabledError: BadRequestError
ClusterNotSupportedError: BadRequestError
CompliancePolicyError: BadRequestError
SnapshotNotCompletedError: BadRequestError
UnauthorizedError: ApiError
NotOrgGroupCreatorError: UnauthorizedError
PaymentRequiredError: ApiError
ForbiddenError: ApiError
CannotChangeGroupNameError: ForbiddenError
IpAccessListError: ForbiddenError
NotFoundError: ApiError
ResourceNotFoundError: NotFoundError
ProjectNotFoundError: NotFoundError
ClusterNotFoundError: NotFoundError
SnapshotNotFoundError: NotFoundError
MethodNotAllowedError: ApiError
NotAcceptableError: ApiError
ConflictError: ApiError
GoneError: ApiError
RateLimitError: ApiError
ServerError: ApiError
UnexpectedServerError: ServerError
ServiceUnavailableError: ServerError
"""
BASES = {
    name: bases.split() for name, _, bases in (x.partition(": ") for x in TREE.split("\n") if x)
}

CLASSES: list[type[AtlasError]] = [getattr(errors, name) for name in BASES]
every = pytest.mark.parametrize("cls", CLASSES)

SNAPSHOT = ReplicaSetSnapshot(
    id="6a79468a2c88faeba59de489",
    group_id="6a793f6b2c88faeba59bae37",
    cluster_name="Cluster0",
    status="inProgress",
    links=(Link(href="https://cloud.mongodb.com/x", rel="self"),),
    extra=FrozenDict({"newField": 1}),
)
ANSWER: dict[str, Any] = {
    "status": 400,
    "error_code": "VALIDATION_ERROR",
    "detail": "Received JSON is malformed.",
    "reason": "Bad Request",
    "parameters": ("retentionInDays", 3, None),
    "field_violations": (FieldViolation(field="retentionInDays", description="too small"),),
    "retry_after": 1.5,
    "method": "POST",
    "path": "/api/atlas/v2/groups/6a793f6b2c88faeba59bae37/clusters/Cluster0/backup/snapshots",
    "hint": "give at least one day",
}
OWN: dict[type[AtlasError], dict[str, Any]] = {
    AmbiguousOutcomeError: {
        "idempotency_tag": "[ab1:ABCDEFGHIJKLMNOPQRSTUVWX27]",
        "candidates": (SNAPSHOT,),
        "cause": None,  # exceptions compare by identity; they have tests of their own
    },
    DuplicateSnapshotsError: {"snapshots": (SNAPSHOT, SNAPSHOT)},
    SnapshotFailedError: {"snapshot": SNAPSHOT},
    WaitTimeoutError: {"snapshot": SNAPSHOT},
    SnapshotInProgressError: {"snapshot": SNAPSHOT},
}


COMMON = dict.fromkeys(("hint", "attempts", "elapsed", "method", "path"))


def details(cls: type[AtlasError]) -> dict[str, Any]:
    """The arguments of the constructor besides the message."""
    return (ANSWER if issubclass(cls, ApiError) else {}) | OWN.get(cls, {})


def journeys(error: AtlasError) -> list[AtlasError]:
    pickled = [pickle.loads(pickle.dumps(error, protocol)) for protocol in PROTOCOLS]  # noqa: S301
    return [*pickled, copy.copy(error), copy.deepcopy(error)]


def test_tree_is_the_documented_one() -> None:
    defined = {
        name: [base.__name__ for base in cls.__bases__]
        for name, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, BaseException)
    }

    assert defined == BASES


@every
def test_exception_is_caught_as_its_bases(cls: type[AtlasError]) -> None:
    for base in (*cls.__bases__, AtlasError):
        with pytest.raises(base, match=r"\Ait went wrong\Z"):
            raise cls("it went wrong")


@every
def test_docstring_has_summary_and_attributes(cls: type[AtlasError]) -> None:
    doc = vars(cls)["__doc__"]

    assert len(doc) > 40
    for name in OWN.get(cls, {}):
        assert f"    {name}: " in doc


@every
def test_attributes_have_defaults(cls: type[AtlasError]) -> None:
    error = cls("it went wrong")

    tuples = {"parameters", "field_violations", "candidates", "snapshots"}
    names = COMMON | details(cls)
    assert vars(error) == {name: () if name in tuples else None for name in names}


@every
def test_attributes_are_the_arguments(cls: type[AtlasError]) -> None:
    error = cls("it went wrong", **details(cls))

    assert vars(error) == COMMON | details(cls)


@every
def test_details_are_keyword_only(cls: type[AtlasError]) -> None:
    make: Any = cls

    with pytest.raises(TypeError):
        make()
    with pytest.raises(TypeError):
        make("it went wrong", 400)
    with pytest.raises(TypeError):
        make("it went wrong", unknown=1)


@every
@pytest.mark.parametrize("message", ["it went wrong", "", "[Errno 2] 'é'\nsecond line"])
def test_str_is_the_message_and_repr_is_short(cls: type[AtlasError], message: str) -> None:
    error = cls(message, **details(cls))

    assert str(error) == message
    assert repr(error) == f"{cls.__name__}({message!r})"
    assert error.args == (message,)


@pytest.mark.parametrize("cls", [x for x in CLASSES if issubclass(x, OSError)])
def test_os_error_attributes_are_none(cls: type[OSError]) -> None:
    error = cls("it went wrong")

    assert error.errno is None
    assert error.strerror is None
    assert error.filename is None


@every
def test_exception_pickles_and_copies(cls: type[AtlasError]) -> None:
    error = cls("it went wrong", **details(cls))
    error.attempts, error.elapsed = 2, 0.5

    for again in journeys(error):
        assert type(again) is cls
        assert again is not error
        assert str(again) == "it went wrong"
        assert vars(again) == vars(error)
        assert again.__cause__ is None
        assert not again.__suppress_context__


@every
def test_notes_pickle_and_copy(cls: type[AtlasError]) -> None:
    error = cls("it went wrong")
    vars(error)["__notes__"] = ["seen in task 7"]  # what add_note() does from 3.11 on

    assert all(vars(again)["__notes__"] == ["seen in task 7"] for again in journeys(error))


def test_cause_of_an_ambiguous_outcome_is_its_python_cause() -> None:
    cause = TransportError("connection reset")
    error = AmbiguousOutcomeError("may have been taken", cause=cause)

    assert error.cause is cause
    assert error.__cause__ is cause
    assert "connection reset" in "".join(traceback.format_exception(error))


def test_cause_pickles_and_copies() -> None:
    cause = ServiceUnavailableError("503", status=503, retry_after=2.0)
    error = AmbiguousOutcomeError("may have been taken", cause=cause)

    for again in journeys(error):
        assert isinstance(again, AmbiguousOutcomeError)
        assert again.__cause__ is again.cause
        assert isinstance(again.cause, ServiceUnavailableError)
        assert again.cause.retry_after == 2.0


def test_context_is_printed_without_a_cause() -> None:
    handled = InvalidResponseError("no id in the answer")
    error = AmbiguousOutcomeError("may have been taken")
    error.__context__ = handled

    assert error.__cause__ is None
    assert "no id in the answer" in "".join(traceback.format_exception(error))


def test_field_violation_is_a_value() -> None:
    one = FieldViolation(field="description", description="too long")

    assert one == FieldViolation(field="description", description="too long")
    assert one != FieldViolation(field="description")
    assert len({one, copy.deepcopy(one)}) == 1
    assert FieldViolation() == FieldViolation(field=None, description=None)
    for protocol in PROTOCOLS:
        assert pickle.loads(pickle.dumps(one, protocol)) == one  # noqa: S301
    with pytest.raises(AttributeError):
        setattr(one, "field", "x")  # noqa: B010  # type checkers refuse the plain form
