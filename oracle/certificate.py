"""Certificates: evidence for a lower bound on OPT, checked without trusting any solver.

Whoever sets a price λ_τ ≥ 0 on every token of cache in every round τ obtains a lower bound on the
total latency of *every* schedule (specification, section 5; proof in ``proofs_notes``)::

    Σ_i min over t ≥ r_i of [ t + o_i − r_i + Σ_k λ_{t+k−1} · occ_i(k) ]  −  M · Σ_τ λ_τ  ≤  OPT

Where a few requests fill the cache, restrictions sharper than "at most M tokens" can be priced in
the same way (:class:`Share`).

This module holds such prices, as integers over a common denominator, and recomputes the bound in
exact integer arithmetic. How the prices were found does not matter to it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance, instance_document, instance_from_document
from amin_ref.model.json_reading import (
    expect_array,
    expect_fields,
    expect_format,
    expect_object,
    parse,
)
from amin_ref.model.validation import whole_number

FORMAT = "amin-ref/certificate"
VERSION = 1

Integers = NDArray[np.int64]
"""Exact integers: int64 where that is proven to suffice, Python's own in an object array else."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Share:
    """A restriction that looks ahead to the next completion, and what it costs in each round.

    Count of each request, in each round, the tokens that it holds beyond x; but at most d, and at
    most m·d less the room for others: what would be free in its last round if m others were
    running now, beyond the x tokens of each. In every round all requests together then count at
    most m·d. For if m or fewer count, each counts at most d. If more do, take the one that
    completes first: the others still run in its last round, must fit into what it leaves free
    then, and so count at most that now (``proofs_notes/certificates.md``, lemma C1).

    A request may count in rounds before its start already, as if it had grown by a token in each
    of them, if it does not count in as many rounds before its completion.

    Attributes:
        places: m, how many requests may count in full at once; at least 1.
        most: d, what one request counts at most; tokens, at least 1.
        ignored: x, what of every request is not counted; tokens, at least 0.
        lead: for how many rounds before its start a request counts; at least 0.
        multipliers: price of a counted token in each round of the stretch, times the denominator.

    Raises:
        InvalidValue: a field is not of this kind.
    """

    places: int
    most: int
    ignored: int
    lead: int
    multipliers: tuple[int, ...]

    def __post_init__(self) -> None:
        whole_number("certificate: places", self.places, 1, "requests")
        whole_number("certificate: most", self.most, 1, "tokens")
        whole_number("certificate: ignored", self.ignored, 0, "tokens")
        whole_number("certificate: lead", self.lead, 0, "rounds")
        object.__setattr__(self, "multipliers", _multipliers(self.multipliers))

    @property
    def limit(self) -> int:
        """What all requests together count at most in a round; tokens."""
        return self.places * self.most

    def counted(
        self, instance: Instance, prompt_len: int, output_len: int, ages: range
    ) -> Integers:
        """What a request counts in its rounds of these ages; tokens.

        Its first round has age 1, the round before that age 0, and so on.
        """
        block = instance.block_size
        peak = -(-(prompt_len + output_len) // block) * block
        free = instance.capacity // block * block - peak
        largest = self.limit + self.places * (self.ignored + output_len + len(ages)) + free
        age = np.array(ages, dtype="int64" if largest < 2**62 else "object")
        left = output_len - age
        room = np.maximum(0, free - self.places * (left + self.ignored))
        counted = np.minimum(self.most, prompt_len + age - self.ignored)
        counted = np.maximum(0, np.minimum(counted, self.limit - room))
        inside: Integers = np.where((age > -self.lead) & (left >= self.lead), counted, 0)
        return inside


@dataclass(frozen=True)
class Stretch:
    """What a token of cache costs in the rounds from ``first_round`` on, one after the other.

    Attributes:
        first_round: the round of the first price; at least 0.
        multipliers: λ of each round, times the certificate's denominator; each at least 0.
        shares: prices of further restrictions, each with as many multipliers.

    Raises:
        InvalidValue: a field is not of this kind.
    """

    first_round: int
    multipliers: tuple[int, ...]
    shares: tuple[Share, ...] = ()

    def __post_init__(self) -> None:
        whole_number("certificate: first_round", self.first_round, 0, "rounds")
        object.__setattr__(self, "multipliers", _multipliers(self.multipliers))
        object.__setattr__(self, "shares", _tuple_of("certificate: shares", self.shares))
        for share in self.shares:
            if not isinstance(share, Share):
                raise InvalidValue(
                    "certificate: shares", share, "each must be a Share", "build it with Share(…)"
                )
            if len(share.multipliers) != len(self.multipliers):
                raise InvalidValue(
                    "certificate: multipliers of a share",
                    share.multipliers,
                    f"there must be {len(self.multipliers)}, one for each round of the stretch",
                    "fill up with zeros",
                )

    @property
    def stop(self) -> int:
        """The round after the last one that has a price."""
        return self.first_round + len(self.multipliers)


@dataclass(frozen=True)
class Certificate:
    """Prices λ_τ = multiplier / denominator, and the instance whose optimum they bound.

    One stretch of rounds is enough for most instances. Several serve a trace whose cache runs
    empty now and then: each request pays the prices of the stretch in which it arrives, and of
    no other, so that nothing has to be written down for the years in between.

    Attributes:
        instance: the instance that the bound is for.
        denominator: of every multiplier; at least 1.
        stretches: in order of time, no two with a round in common.

    Raises:
        InvalidValue: a field is not of this kind.
    """

    instance: Instance
    denominator: int
    stretches: tuple[Stretch, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.instance, Instance):
            raise InvalidValue(
                "certificate: instance", self.instance, "it must be an Instance", "give one"
            )
        whole_number("certificate: denominator", self.denominator, 1, "price units")
        object.__setattr__(self, "stretches", _tuple_of("certificate: stretches", self.stretches))
        stop = 0
        for stretch in self.stretches:
            if not isinstance(stretch, Stretch):
                raise InvalidValue(
                    "certificate: stretches",
                    stretch,
                    "each must be a Stretch",
                    "build it with Stretch(…)",
                )
            if stretch.first_round < stop:
                raise InvalidValue(
                    "certificate: first_round",
                    stretch.first_round,
                    f"the stretch before it prices rounds up to {stop - 1}",
                    "give stretches in order of time, without rounds in common",
                )
            stop = stretch.stop

    def to_json(self) -> str:
        """The certificate with its instance as one line of JSON, versioned."""
        return json.dumps(
            {
                "format": FORMAT,
                "version": VERSION,
                "instance": instance_document(self.instance),
                "denominator": self.denominator,
                "stretches": [
                    {
                        "first_round": stretch.first_round,
                        "multipliers": stretch.multipliers,
                        "shares": [
                            {
                                "places": share.places,
                                "most": share.most,
                                "ignored": share.ignored,
                                "lead": share.lead,
                                "multipliers": share.multipliers,
                            }
                            for share in stretch.shares
                        ],
                    }
                    for stretch in self.stretches
                ],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Certificate:
        """The certificate that :meth:`to_json`, or anybody's solver, wrote.

        Raises:
            InvalidDocument: the text is not JSON, or not of this format and version.
            InvalidValue: a field's value breaks a rule of :class:`Certificate`.
        """
        document = expect_format(parse(text), FORMAT, VERSION)
        fields = ("format", "version", "instance", "denominator", "stretches")
        expect_fields(document, "certificate", fields, ())
        stretches = expect_array(document["stretches"], "certificate: stretches")
        return cls(
            instance=instance_from_document(document["instance"]),
            denominator=whole_number(
                "certificate: denominator", document["denominator"], 1, "price units"
            ),
            stretches=tuple(
                _stretch_from_document(stretch, f"certificate: stretches[{index}]")
                for index, stretch in enumerate(stretches)
            ),
        )


def verify(instance: Instance, certificate: Certificate) -> int:
    """The lower bound on the instance's OPT that the certificate proves; request·rounds.

    The rational number above, computed exactly, and rounded up, since OPT is a whole number.
    With several stretches it is the sum of their bounds, each for the requests that arrive in
    it; a request that arrives outside of all of them counts with its output length.
    Takes about as many operations as there are kinds of requests times rounds with a price; for
    each share, times the rounds of a run.

    Raises:
        InvalidValue: the certificate is for another instance. Names, order and predictions of
            the requests may differ: the bound does not depend on them.
    """
    if _content(certificate.instance) != _content(instance):
        raise InvalidValue(
            "certificate: instance",
            f"{len(certificate.instance.requests)} requests at capacity "
            f"{certificate.instance.capacity}",
            "it is not the instance to be bounded",
            "give the certificate that was made for this instance",
        )
    denominator = certificate.denominator
    total = denominator * sum(request.output_len for request in instance.requests)
    for stretch in certificate.stretches:
        total += _gain(instance, stretch, denominator)
    return -(-total // denominator)


def _gain(instance: Instance, stretch: Stretch, denominator: int) -> int:
    """What one stretch adds to Σ o_i, times the denominator.

    Indices are rounds since the stretch began; from its end on every price is zero.
    """
    priced = len(stretch.multipliers)
    # A request that starts when the stretch is over may count in its last rounds by its lead.
    overtime = min(priced, max((share.lead for share in stretch.shares), default=0))
    rounds = priced + overtime
    capacity, block = instance.capacity, instance.block_size
    shares = [share for share in stretch.shares if any(share.multipliers)]
    prices_in_all = sum(stretch.multipliers) + sum(sum(share.multipliers) for share in shares)
    # No number below exceeds this in size. Past 63 bits Python's own integers take over, since
    # numpy's would overflow without a word.
    largest = (4 * prices_in_all + denominator) * (rounds + capacity)
    integer = "int64" if largest < 2**63 else "object"
    # onwards[t] = λ_t + λ_{t+1} + …: the price of one token held from round t to the end.
    onwards = _sums_to_the_end(
        np.array((*stretch.multipliers, *[0] * (overtime + 1)), dtype=integer), 1
    )
    # rising[t] = onwards[t] + onwards[t+B] + onwards[t+2B] + …: one more every B rounds.
    rising = _sums_to_the_end(onwards, block)
    delay: Integers = denominator * np.arange(rounds + 1).astype(integer)

    gain = -capacity * sum(stretch.multipliers)
    gain -= sum(share.limit * sum(share.multipliers) for share in shares)
    kinds = Counter(
        (request.prompt_len, request.output_len, request.arrival - stretch.first_round)
        for request in instance.requests
        if stretch.first_round <= request.arrival < stretch.stop
    )
    for (prompt_len, output_len, arrival), count in kinds.items():
        # Started in round t, a request holds its first `before` blocks from t on, takes a further
        # one whenever its length passes a multiple of B, and has given all back at t + o.
        before = -(-(prompt_len + 1) // block)
        after = -(-(prompt_len + output_len) // block)
        paid = block * (
            before * onwards
            + _later(rising, before * block - prompt_len)
            - _later(rising, after * block - prompt_len)
            - after * _later(onwards, output_len)
        )
        for share in shares:
            # Rounds that no start in the stretch shares with it need no age.
            ages = range(1 - min(share.lead, priced), min(output_len, priced) + 1)
            front, behind = [0] * (1 - ages.start), [0] * (overtime + len(ages))
            prices = np.array((*front, *share.multipliers, *behind), dtype=integer)
            counted = share.counted(instance, prompt_len, output_len, ages)
            paid += np.correlate(prices, counted.astype(integer), "valid")[: rounds + 1]
        # Starting when the stretch is over costs nothing but delay; later is never better.
        gain += count * (int((delay + paid)[arrival:].min()) - denominator * arrival)
    return gain


def _sums_to_the_end(values: Integers, step: int) -> Integers:
    """values[t] + values[t + step] + values[t + 2·step] + … for every t."""
    step = min(step, len(values))
    filled = np.zeros(-(-len(values) // step) * step, dtype=values.dtype)
    filled[: len(values)] = values
    from_the_end = filled.reshape(-1, step)[::-1]
    return np.cumsum(from_the_end, axis=0)[::-1].ravel()[: len(values)]


def _later(values: Integers, rounds: int) -> Integers:
    """What ``values`` will be that many rounds later; 0 past the end."""
    later = np.zeros_like(values)
    later[: max(0, len(values) - rounds)] = values[rounds:]
    return later


def _content(instance: Instance) -> tuple[int, int, Counter[tuple[int, int, int]]]:
    """All of an instance that its OPT depends on."""
    kinds = Counter(
        (request.prompt_len, request.output_len, request.arrival) for request in instance.requests
    )
    return instance.capacity, instance.block_size, kinds


def _stretch_from_document(value: object, where: str) -> Stretch:
    found = expect_object(value, where)
    expect_fields(found, where, ("first_round", "multipliers"), ("shares",))
    shares = expect_array(found.get("shares", []), f"{where}: shares")
    return Stretch(
        first_round=whole_number(f"{where}: first_round", found["first_round"], 0, "rounds"),
        multipliers=_multipliers_from_document(found, where),
        shares=tuple(
            _share_from_document(share, f"{where}: shares[{index}]")
            for index, share in enumerate(shares)
        ),
    )


def _share_from_document(value: object, where: str) -> Share:
    found = expect_object(value, where)
    expect_fields(found, where, ("places", "most", "ignored", "lead", "multipliers"), ())
    return Share(
        places=whole_number(f"{where}: places", found["places"], 1, "requests"),
        most=whole_number(f"{where}: most", found["most"], 1, "tokens"),
        ignored=whole_number(f"{where}: ignored", found["ignored"], 0, "tokens"),
        lead=whole_number(f"{where}: lead", found["lead"], 0, "rounds"),
        multipliers=_multipliers_from_document(found, where),
    )


def _multipliers_from_document(found: Mapping[str, object], where: str) -> tuple[int, ...]:
    return tuple(
        whole_number(f"{where}: multipliers[{position}]", multiplier, 0, "price units")
        for position, multiplier in enumerate(
            expect_array(found["multipliers"], f"{where}: multipliers")
        )
    )


def _multipliers(values: Iterable[int]) -> tuple[int, ...]:
    found = _tuple_of("certificate: multipliers", values)
    for position, multiplier in enumerate(found):
        whole_number(f"certificate: multipliers[{position}]", multiplier, 0, "price units")
    return found


def _tuple_of(field: str, values: Iterable[Value]) -> tuple[Value, ...]:
    try:
        return tuple(values)
    except TypeError:
        raise InvalidValue(field, values, "it must be a tuple", "give a tuple") from None
