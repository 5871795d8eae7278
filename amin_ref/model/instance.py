"""An instance: a cache and the requests that share it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

from amin_ref.model.blocks import longest_output, occupied
from amin_ref.model.columns import RequestColumns
from amin_ref.model.errors import InvalidDocument, InvalidValue, shown
from amin_ref.model.json_reading import (
    expect_array,
    expect_fields,
    expect_format,
    expect_object,
    parse,
)
from amin_ref.model.machine import (
    PAPERS_MACHINE,
    Machine,
    machine_document,
    machine_from_document,
)
from amin_ref.model.request import Request
from amin_ref.model.short_form import short_tuple
from amin_ref.model.validation import RequestId, is_request_id, is_whole, whole_number

FORMAT = "amin-ref/instance"
VERSIONS = (1, 2)
"""Version 2 has the field ``machine``. The paper's machine is left out, in version 1."""

Prediction = tuple[int, int | None]
"""A predicted interval of the output length: ℓ and u, or ``None`` for an unknown u; tokens."""


@dataclass(frozen=True, init=False, repr=False)
class Instance:
    """A KV cache and its requests (specification, section 1).

    Attributes:
        capacity: M, size of the cache; tokens, at least 1.
        requests: the requests, in the order that breaks ties by default. Any iterable is taken,
            and stored as a tuple.
        block_size: B, tokens per cache block; at least 1.
        machine: what an eviction costs, what a token occupies, and the limits of a round; the
            paper's machine by default.

    Raises:
        InvalidValue: a field is not of this kind; two requests have one id; a request does not fit
            into the empty cache, B·⌈(s + o)/B⌉ > M (s + o - 1 in place of s + o where the machine
            does not store the last token); or ℓ ≤ o ≤ u does not hold for a request where the
            machine requires sound predictions.
    """

    capacity: int
    requests: tuple[Request, ...]
    block_size: int = 1
    machine: Machine = PAPERS_MACHINE

    def __init__(
        self,
        capacity: int,
        requests: Iterable[Request],
        block_size: int = 1,
        machine: Machine = PAPERS_MACHINE,
    ) -> None:
        # Written out, because the __init__ of a dataclass would be typed to take only a tuple.
        whole_number("instance: capacity", capacity, 1, "tokens")
        whole_number("instance: block_size", block_size, 1, "tokens")
        if not isinstance(machine, Machine):
            raise InvalidValue(
                "instance: machine", machine, "it must be a Machine", "build it with Machine(…)"
            )
        object.__setattr__(self, "capacity", capacity)
        object.__setattr__(self, "requests", _tuple_of_requests(requests))
        object.__setattr__(self, "block_size", block_size)
        object.__setattr__(self, "machine", machine)
        seen: set[RequestId] = set()
        for request in self.requests:
            if request.id in seen:
                raise InvalidValue(
                    "request: id",
                    request.id,
                    "another request of the instance already has it",
                    "give every request an id of its own",
                )
            seen.add(request.id)
            if machine.sound_predictions:
                request.refuse_wrong_prediction()
            self._refuse_infeasible(request)

    def _refuse_infeasible(self, request: Request) -> None:
        stored = self.machine.held(request.prompt_len + request.output_len)
        needed = occupied(stored, self.block_size)
        if needed > self.capacity:
            last = "" if self.machine.last_token_stored else " - 1"
            raise InvalidValue(
                f"request {shown(request.id)}: prompt_len + output_len{last}",
                stored,
                f"it needs {needed} tokens in blocks of {self.block_size} and the cache has "
                f"{self.capacity}",
                f"raise capacity to {needed} or drop the request",
            )

    @classmethod
    def from_lengths(
        cls,
        lengths: Iterable[tuple[int, int]],
        *,
        capacity: int,
        block_size: int = 1,
        predictions: Iterable[Prediction] | None = None,
        arrivals: Iterable[int] | None = None,
        machine: Machine = PAPERS_MACHINE,
    ) -> Instance:
        """An instance of requests with these lengths, whose ids are 0, 1, 2, …

        ``Instance.from_lengths([(3, 4), (3, 9)], capacity=15)`` has two requests.

        Args:
            lengths: prompt length s and output length o of each request; tokens.
            capacity: M; tokens.
            block_size: B; tokens per cache block.
            predictions: ℓ and u of each request; tokens. ``None``: nothing is predicted, so ℓ = 1
                and u is unknown, as for a :class:`Request` that is given neither.
            arrivals: r of each request; rounds. ``None``: all requests arrive in round 0.
            machine: the paper's machine by default.

        Raises:
            InvalidValue: as for :class:`Instance` and :class:`Request`; or an item of ``lengths``
                or ``predictions`` is no pair; or there are more or fewer ``predictions`` or
                ``arrivals`` than ``lengths``.
        """
        pairs = [_pair("lengths", pair) for pair in _listed("lengths", lengths)]
        count = len(pairs)
        intervals = (
            [(1, None)] * count
            if predictions is None
            else [_pair("predictions", pair) for pair in _listed("predictions", predictions, count)]
        )
        rounds = [0] * count if arrivals is None else _listed("arrivals", arrivals, count)
        return cls(
            capacity,
            (
                Request(number, prompt_len, output_len, lower, upper, arrival)
                for number, ((prompt_len, output_len), (lower, upper), arrival) in enumerate(
                    zip(pairs, intervals, rounds, strict=True)
                )
            ),
            block_size,
            machine,
        )

    def __repr__(self) -> str:
        """As of any dataclass, but with only the first of many requests, and no default machine."""
        requests = short_tuple(self.requests)
        machine = "" if self.machine == PAPERS_MACHINE else f", machine={self.machine!r}"
        return (
            f"Instance(capacity={self.capacity!r}, requests={requests}, "
            f"block_size={self.block_size!r}{machine})"
        )

    @cached_property
    def by_id(self) -> Mapping[RequestId, Request]:
        """Every request under its id."""
        return {request.id: request for request in self.requests}

    @cached_property
    def positions(self) -> Mapping[RequestId, int]:
        """Every id's position in :attr:`requests`, counted from 0."""
        return {request.id: position for position, request in enumerate(self.requests)}

    @cached_property
    def columns(self) -> RequestColumns:
        """The requests in columns of numbers."""
        return RequestColumns.of(self.requests)

    @property
    def alpha(self) -> Fraction:
        """α = min ℓ / max u, where M − s stands for an unknown u; exact, in (0, 1].

        Raises:
            InvalidValue: the instance has no requests.
        """
        if not self.requests:
            raise InvalidValue("instance: requests", (), "alpha needs at least one", "add one")
        return Fraction(
            min(request.lower for request in self.requests),
            max(self.reserved_output(request) for request in self.requests),
        )

    def to_json(self) -> str:
        """The instance as one line of JSON, versioned; :meth:`from_json` reads it back."""
        header: dict[str, object] = {"format": FORMAT, "version": version_of(self)}
        return json.dumps(header | instance_document(self))

    @classmethod
    def from_json(cls, text: str) -> Instance:
        """The instance that :meth:`to_json` wrote.

        Raises:
            InvalidDocument: the text is not JSON, or not of this format and version.
            InvalidValue: a field's value breaks a rule.
        """
        document = dict(expect_format(parse(text), FORMAT, *VERSIONS))
        version = document.pop("version")
        del document["format"]
        if version == 1:
            refuse_machine_field(document, "instance")
        return instance_from_document(document)

    def reserved_output(self, request: Request) -> int:
        """The output length that α counts as the request's upper bound: u, or M − s; tokens.

        M − s stands for an unknown u. Whole blocks play no part (decision D19).
        """
        return self.capacity - request.prompt_len if request.upper is None else request.upper

    def longest_output(self, request: Request) -> int:
        """The most tokens that the request could generate in an empty cache: B·⌊M/B⌋ − s.

        One more where the machine does not store the last token.
        """
        stored = longest_output(request.prompt_len, self.capacity, self.block_size)
        return stored if self.machine.last_token_stored else stored + 1


def _tuple_of_requests(requests: Iterable[Request]) -> tuple[Request, ...]:
    try:
        found = tuple(requests)
    except TypeError:
        raise InvalidValue(
            "instance: requests",
            requests,
            "it must be an iterable of Request",
            "give a list",
        ) from None
    for request in found:
        if not isinstance(request, Request):
            raise InvalidValue(
                "instance: requests", request, "each must be a Request", "build it with Request(…)"
            )
    return found


Item = TypeVar("Item")
First = TypeVar("First")
Second = TypeVar("Second")


def _listed(field: str, items: Iterable[Item], count: int | None = None) -> list[Item]:
    """The items as a list, of which there must be ``count``."""
    try:
        found = list(items)
    except TypeError:
        raise InvalidValue(
            f"from_lengths: {field}", items, "it must have an item for each request", "give a list"
        ) from None
    if count is not None and len(found) != count:
        raise InvalidValue(
            f"from_lengths: number of {field}",
            len(found),
            f"there must be one for each of the {count} lengths",
            f"give {count}",
        )
    return found


def _pair(field: str, item: tuple[First, Second]) -> tuple[First, Second]:
    try:
        first, second = item
    except (TypeError, ValueError):
        raise InvalidValue(
            f"from_lengths: item of {field}", item, "it must be a pair", "give two numbers"
        ) from None
    return first, second


def unknown_request(field: str, request: object, instance: Instance) -> InvalidValue:
    """The error for an id that the instance lacks; 1 and "1" are two ids."""
    if not is_request_id(request):
        return InvalidValue(field, request, "it must be a request's id", "give a string or an int")
    other: RequestId | None = str(request)
    if isinstance(request, str):
        # Not int(), which also takes " 1", "1_0" and digits of other scripts.
        other = next((known for known in instance.positions if str(known) == request), None)
    if other in instance.positions:
        return InvalidValue(
            field,
            request,
            f"the instance has {shown(other)}, which is another id",
            f"write {json.dumps(other)} there, or {json.dumps(request)} in the instance",
        )
    return InvalidValue(
        field, request, "the instance has no such request", "give the id of one of its requests"
    )


def instance_document(instance: Instance) -> dict[str, object]:
    """The instance as an object for ``json``, without what is the default.

    These are the paper's machine, a request's unknown u, and its arrival 0.
    """
    document: dict[str, object] = {
        "capacity": instance.capacity,
        "block_size": instance.block_size,
        "requests": [_request_document(request) for request in instance.requests],
    }
    if instance.machine != PAPERS_MACHINE:
        document["machine"] = machine_document(instance.machine)
    return document


def version_of(instance: Instance) -> int:
    """The version of a document that holds the instance: 1 if its machine is the paper's."""
    return 1 if instance.machine == PAPERS_MACHINE else 2


def refuse_machine_field(document: Mapping[str, object], where: str) -> None:
    """Refuse the field ``machine`` in an instance of a document of version 1.

    Raises:
        InvalidDocument: it is there.
    """
    if "machine" in document:
        raise InvalidDocument(
            f"{where}: the field 'machine' belongs to version 2 and the document is of version 1; "
            'write "version": 2.'
        )


def instance_from_document(value: object, where: str = "instance") -> Instance:
    """The instance that an object from ``json`` describes.

    Raises:
        InvalidDocument: the object lacks a field or has an unknown one.
        InvalidValue: a field's value breaks a rule of :class:`Request` or :class:`Instance`.
    """
    found = expect_object(value, where)
    expect_fields(found, where, ("capacity", "requests"), ("block_size", "machine"))
    requests = expect_array(found["requests"], f"{where}: requests")
    return Instance(
        capacity=whole_number(f"{where}: capacity", found["capacity"], 1, "tokens"),
        block_size=whole_number(f"{where}: block_size", found.get("block_size", 1), 1, "tokens"),
        requests=tuple(
            _request_from_document(request, f"{where}: requests[{position}]")
            for position, request in enumerate(requests)
        ),
        machine=machine_from_document(found.get("machine", {}), f"{where}: machine"),
    )


def _request_document(request: Request) -> dict[str, object]:
    document: dict[str, object] = {
        "id": request.id,
        "prompt_len": request.prompt_len,
        "output_len": request.output_len,
        "lower": request.lower,
    }
    if request.upper is not None:
        document["upper"] = request.upper
    if request.arrival:
        document["arrival"] = request.arrival
    return document


_REQUIRED_OF_REQUEST = ("id", "prompt_len", "output_len")
_OPTIONAL_OF_REQUEST = ("lower", "upper", "arrival")
_FIELDS_OF_REQUEST = {*_REQUIRED_OF_REQUEST, *_OPTIONAL_OF_REQUEST}


def _plain_request(found: Mapping[str, object]) -> Request | None:
    """The request, if the object has known fields alone, and right values: as most have.

    The texts of messages, which name the place in the document, cost more than all tests.
    """
    if not found.keys() <= _FIELDS_OF_REQUEST:
        return None
    request_id = found.get("id")
    prompt_len, output_len = found.get("prompt_len"), found.get("output_len")
    lower, upper = found.get("lower", 1), found.get("upper")
    arrival = found.get("arrival", 0)
    if not is_request_id(request_id) or not is_whole(arrival, 0):
        return None
    if not is_whole(prompt_len, 1) or not is_whole(output_len, 1) or not is_whole(lower, 1):
        return None
    if upper is not None and not is_whole(upper, 1):
        return None
    return Request(request_id, prompt_len, output_len, lower, upper, arrival)


def _request_from_document(value: object, where: str) -> Request:
    found = expect_object(value, where)
    if (plain := _plain_request(found)) is not None:
        return plain
    expect_fields(found, where, _REQUIRED_OF_REQUEST, _OPTIONAL_OF_REQUEST)
    request_id = found["id"]
    if not is_request_id(request_id):
        raise InvalidValue(
            f"{where}: id", request_id, "it must be a non-empty string or an int", "change the id"
        )
    upper = found.get("upper")
    return Request(
        id=request_id,
        prompt_len=whole_number(f"{where}: prompt_len", found["prompt_len"], 1, "tokens"),
        output_len=whole_number(f"{where}: output_len", found["output_len"], 1, "tokens"),
        lower=whole_number(f"{where}: lower", found.get("lower", 1), 1, "tokens"),
        upper=None if upper is None else whole_number(f"{where}: upper", upper, 1, "tokens"),
        arrival=whole_number(f"{where}: arrival", found.get("arrival", 0), 0, "rounds"),
    )
