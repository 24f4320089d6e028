"""Read-only mappings: `FrozenDict` and `Headers`."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from atlas_backups._immutable import FrozenDict
from atlas_backups.models import Headers
from tests.test_models import PROTOCOLS


class TestHeaders:
    @pytest.mark.parametrize(
        "name", ["RateLimit-Remaining", "ratelimit-remaining", "RATELIMIT-REMAINING"]
    )
    def test_names_are_case_insensitive(self, name: str) -> None:
        headers = Headers([("Ratelimit-Remaining", "1199")])

        assert headers[name] == "1199"
        assert headers.get(name) == "1199"
        assert name in headers
        assert list(headers) == ["ratelimit-remaining"]

    def test_missing_name_raises(self) -> None:
        headers = Headers()

        assert headers.get("Retry-After") is None
        assert headers.get("Retry-After", "1") == "1"
        assert "Retry-After" not in headers
        assert not headers.__contains__(1)
        assert len(headers) == 0
        with pytest.raises(KeyError, match="retry-after"):
            _ = headers["Retry-After"]

    def test_repeated_names_are_joined_in_order(self) -> None:
        headers = Headers([("Via", "a"), ("Date", "now"), ("VIA", "b"), ("via", "c")])

        assert dict(headers) == {"via": "a, b, c", "date": "now"}

    def test_pairs_mappings_and_iterators_are_accepted(self) -> None:
        pairs = [("Date", "now"), ("Server", "mdbws")]

        assert Headers(pairs) == Headers(dict(pairs)) == Headers(iter(pairs))
        assert Headers(pairs) == Headers(Headers(pairs))

    def test_equal_headers_have_equal_hashes(self) -> None:
        one = Headers([("A", "1"), ("B", "2")])
        other = Headers([("b", "2"), ("a", "1")])

        assert one == other
        assert hash(one) == hash(other)
        assert one != Headers([("A", "1")])


@pytest.mark.parametrize("made", [FrozenDict({"a": "1"}), Headers({"a": "1"})], ids=type)
class TestReadOnlyMappings:
    @pytest.mark.parametrize(
        ("method", "arguments"),
        [
            ("__setitem__", ("a", "2")),
            ("__delitem__", ("a",)),
            ("__ior__", ({"b": "2"},)),
            ("clear", ()),
            ("pop", ("a",)),
            ("popitem", ()),
            ("setdefault", ("b", "2")),
            ("update", ({"b": "2"},)),
        ],
    )
    def test_mutation_raises(
        self, made: FrozenDict[str], method: str, arguments: tuple[Any, ...]
    ) -> None:
        with pytest.raises(TypeError, match=f"{type(made).__name__} is read-only"):
            getattr(made, method)(*arguments)

        assert made == {"a": "1"}
        with pytest.raises(AttributeError):
            setattr(made, "unknown", 1)  # noqa: B010  # type checkers reject the plain form

    def test_all_mutating_methods_of_dict_raise(self, made: FrozenDict[str]) -> None:
        harmless = {"copy", "fromkeys", "get", "items", "keys", "values"}
        public = {name for name in vars(dict) if not name.startswith("_")}

        raising = {
            name for name in public - harmless if getattr(type(made), name) == type(made).clear
        }

        assert raising == public - harmless

    def test_union_and_copy_are_plain_dicts(self, made: FrozenDict[str]) -> None:
        for plain in (made | {"b": "2"}, {"b": "2"} | made, made.copy() | {"b": "2"}, dict(made)):
            assert type(plain) is dict
            plain["b"] = "2"
            assert plain == {"a": "1", "b": "2"}
        assert type(made.copy()) is dict

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_mapping_pickles_and_copies(self, made: FrozenDict[str], protocol: int) -> None:
        pickled = pickle.loads(pickle.dumps(made, protocol))  # noqa: S301

        for again in (pickled, copy.copy(made), copy.deepcopy(made)):
            assert again == made
            assert type(again) is type(made)

    def test_mapping_is_json(self, made: FrozenDict[str]) -> None:
        assert json.loads(json.dumps(made)) == {"a": "1"}
        assert json.loads(json.dumps(made, indent=1)) == {"a": "1"}
