"""Certificates: evidence for a lower bound on OPT, checked without trusting any solver.

A price λ_τ ≥ 0 for a token of cache in each round τ gives a lower bound on the total latency of
*every* schedule (specification, section 5; proof: T10 in ``proofs_notes/theorems/optimum.md``)::

    Σ_i min over t ≥ r_i of [ t + o_i − r_i + Σ_k λ_{t+k−1} · occ_i(k) ]  −  M' · Σ_τ λ_τ  ≤  OPT

with M' = B·⌊M/B⌋. Where a few requests fill the cache, sharper restrictions than "at most M tokens"
can be priced in the same way (:class:`Share`).

Where an evicted request keeps its tokens (``after_eviction="resume"``), the minimum is over all
rounds r_i ≤ t_1 < … < t_o in which the request may generate its tokens (T21 in
``proofs_notes/theorems/optimum_resume.md``). For a request after whose arrival no price rises it is
the same minimum as above (lemma R2); for others :mod:`oracle.cheapest_rounds` computes it. Shares
prove nothing there. The limits of a machine (``tokens_per_round``, ``max_running``, ``watermark``)
only exclude schedules, so a bound that ignores them holds.

A certificate holds such prices as *multipliers*: integers, each a price times a common denominator.
:func:`verify` recomputes the bound in exact integer arithmetic. How the prices were found does not
matter.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance, instance_document, instance_from_document
from amin_ref.model.json_reading import (
    expect_array,
    expect_fields,
    expect_format,
    expect_object,
    parse,
)
from amin_ref.model.machine import AfterEviction
from amin_ref.model.short_form import short_tuple
from amin_ref.model.validation import whole_number
from oracle.cheapest_rounds import Integers, cheapest, exact_integers, rounds_that_matter, steps

FORMAT = "amin-ref/certificate"
VERSION = 1

STEPS_OF_A_ROW = 256
"""Additions that take as long as it takes to begin one row of the dynamic programme in numpy."""

Kinds = Counter[tuple[int, int, int]]
"""How many requests there are of each prompt length, output length and arrival.

The prompt length is what the cache stores of it before the first token counts: s, or s − 1 where a
token is stored only when the next one is computed (``last_token_stored=False``).
"""

Outputs = Counter[int]
"""How many requests there are of each output length."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Share:
    """A restriction that looks ahead to the next completion, with a price for each round.

    In each round a share counts, of each request, the tokens that it holds beyond x, but at most d
    and at most m·d − room. Here room is the cache that is free in the request's last round beside m
    other requests that hold x tokens each now. All requests together count at most m·d in every
    round: if at most m requests count, each counts at most d. If more do, consider the one that
    completes first. The others still run in its last round, so they fit into the cache that it
    leaves free in that round, and count at most that number of tokens now
    (``proofs_notes/certificates.md``, lemma C1).

    With a lead, a request also counts in the rounds before its start, as if it had grown by a token
    in each of them, and does not count in as many rounds before its completion.

    Attributes:
        places: m, the number of requests that can count d at the same time; at least 1.
        most: d, the most that one request counts; tokens, at least 1.
        ignored: x, tokens of each request that are not counted; at least 0.
        lead: rounds before its start in which a request counts; at least 0.
        multipliers: the price of a counted token in each round of the stretch, times the
            denominator.

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

    def __repr__(self) -> str:
        """As of any dataclass, but with only the first of many multipliers."""
        return (
            f"Share(places={self.places!r}, most={self.most!r}, ignored={self.ignored!r}, "
            f"lead={self.lead!r}, multipliers={short_tuple(self.multipliers)})"
        )

    @property
    def limit(self) -> int:
        """What all requests together count at most in a round; tokens."""
        return self.places * self.most

    def counted_at(self, instance: Instance, prompt_len: int, output_len: int, age: int) -> int:
        """What a request counts in its round of this age; tokens.

        Its first round has age 1, the round before that age 0, and so on.
        """
        block = instance.block_size
        left = output_len - age
        if age <= -self.lead or left < self.lead:
            return 0
        peak = -(-(prompt_len + output_len) // block) * block
        free = instance.capacity // block * block - peak
        room = max(0, free - self.places * (left + self.ignored))
        return max(0, min(self.most, prompt_len + age - self.ignored, self.limit - room))

    def counted(
        self, instance: Instance, prompt_len: int, output_len: int, ages: range
    ) -> Integers:
        """:meth:`counted_at` for each of these ages, as an array for programs that find prices."""
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

    def bends(
        self, instance: Instance, prompt_len: int, output_len: int, earliest: int
    ) -> list[tuple[int, int]]:
        """Where what a request counts bends, as a function of its age, and by how much.

        By age it is zero before ``earliest``, rises by one token a round, stays at ``most``, falls
        by ``places`` tokens a round, and is zero when its rounds are over: straight but at a few
        ages a, where counted(a+1) - 2·counted(a) + counted(a-1) is not zero. Those are found among
        the neighbours of the ages at which one of these pieces ends.

        Returns:
            Pairs of an age and that second difference, in ascending order of age.
        """
        block = instance.block_size
        peak = -(-(prompt_len + output_len) // block) * block
        falling = self.limit - (instance.capacity // block * block - peak)
        falling += self.places * (output_len + self.ignored)
        ends = {
            earliest,
            output_len - self.lead,
            self.ignored - prompt_len,
            self.ignored - prompt_len + self.most,
            (falling - self.most) // self.places,
            falling // self.places,
            # Where the rising piece meets the falling one, if that is before it reaches ``most``.
            (falling - prompt_len + self.ignored) // (self.places + 1),
        }

        def counted(age: int) -> int:
            return self.counted_at(instance, prompt_len, output_len, age) if age >= earliest else 0

        near = {end + step for end in ends for step in (-1, 0, 1, 2)}
        ages = sorted(age for age in near if earliest - 1 <= age <= output_len - self.lead + 1)
        found = [(age, counted(age + 1) - 2 * counted(age) + counted(age - 1)) for age in ages]
        return [(age, bend) for age, bend in found if bend]


@dataclass(frozen=True)
class Stretch:
    """The price of a token of cache in each round of an interval of rounds.

    Attributes:
        first_round: the round of the first price; at least 0.
        multipliers: λ of each round, times the certificate's denominator; each at least 0.
        shares: further restrictions with their prices, each with as many multipliers.

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

    def __repr__(self) -> str:
        """As of any dataclass, but with only the first of many multipliers and shares."""
        return (
            f"Stretch(first_round={self.first_round!r}, "
            f"multipliers={short_tuple(self.multipliers)}, shares={short_tuple(self.shares)})"
        )

    @property
    def stop(self) -> int:
        """The round after the last one that has a price."""
        return self.first_round + len(self.multipliers)


@dataclass(frozen=True)
class Certificate:
    """Prices λ_τ = multiplier / denominator, and the instance whose optimum they bound.

    One stretch of rounds is enough for most instances. For a trace on which the cache is empty at
    times there can be several: each request pays only the prices of the stretch in which it
    arrives, and rounds between stretches need no prices.

    The prices are evidence for every machine; :func:`verify` evaluates them for the instance's own.

    Attributes:
        instance: the instance that the bound is for.
        denominator: of every multiplier; at least 1.
        stretches: in order of time, no two with a round in common.

    Raises:
        InvalidValue: a field is not of this kind, or there are shares for a machine on which an
            evicted request keeps its tokens: there they would prove too much.
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
            if stretch.shares and keeps_tokens(self.instance):
                raise InvalidValue(
                    "certificate: shares",
                    stretch.shares,
                    "there must be none for a machine with after_eviction 'resume', where a share "
                    "is no restriction: the other requests need not run on until the next "
                    "completion",
                    "leave out the shares and keep the prices of tokens",
                )
            stop = stretch.stop

    def __repr__(self) -> str:
        """As of any dataclass, but with only the first of many requests, prices and stretches."""
        return (
            f"Certificate(instance={self.instance!r}, denominator={self.denominator!r}, "
            f"stretches={short_tuple(self.stretches)})"
        )

    def kinds(self) -> list[tuple[Stretch, Kinds]]:
        """Each stretch with the kinds of requests that arrive in it."""
        firsts = [stretch.first_round for stretch in self.stretches]
        found: list[Kinds] = [Counter() for _ in self.stretches]
        for request in self.instance.requests:
            place = bisect_right(firsts, request.arrival) - 1
            if place >= 0 and request.arrival < self.stretches[place].stop:
                stored = self.instance.machine.held(request.prompt_len)
                found[place][stored, request.output_len, request.arrival] += 1
        return list(zip(self.stretches, found, strict=True))

    @property
    def falling(self) -> bool:
        """Whether in each stretch no price rises from the first arrival in the stretch on.

        Then the certificate proves the same on a machine that keeps the tokens of evicted requests
        as on one that does not, if it has no shares (lemma R2).
        """
        return all(
            arrival - stretch.first_round >= _last_rise(stretch.multipliers)
            for stretch, kinds in self.kinds()
            for _, _, arrival in kinds
        )

    @property
    def operations(self) -> int:
        """What :func:`verify` has to add up.

        Kinds of requests × priced rounds × sums of each; for requests that may gain by pausing,
        the additions of the dynamic programme.
        """
        total = 0
        for stretch, kinds in self.kinds():
            one_run, pausing = _by_rises(self.instance, kinds, stretch)
            total += len(one_run) * len(stretch.multipliers) * (1 + len(stretch.shares))
            total += _steps_of(self.instance, pausing, stretch, self.denominator)
        return total

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
        """The certificate in a text of :meth:`to_json`, or of any other program.

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

    It is the rational number in the module's formula, computed exactly and rounded up, as OPT is a
    whole number. With several stretches it is the sum of their bounds, each for the requests that
    arrive in the stretch; a request that arrives in none adds its output length.
    Takes about :attr:`Certificate.operations` additions of 64-bit integers, times the number of
    digits that the prices need (1 or 2, as a rule). Where evicted requests keep their tokens and
    prices rise, prices too large for 64 bits take some thirty times as long.

    The bound is for the instance's machine, without its limits: these only exclude schedules.

    Raises:
        InvalidValue: the certificate is for another instance. Names, order and predictions of
            the requests may differ, and limits of the machine: the bound does not depend on them.
    """
    if _content(certificate.instance) != _content(instance):
        raise InvalidValue(
            "certificate: instance",
            f"{len(certificate.instance.requests)} requests at capacity "
            f"{certificate.instance.capacity}",
            "it is not the instance to be bounded, on its machine",
            "give the certificate that was made for this instance",
        )
    denominator = certificate.denominator
    total = denominator * sum(request.output_len for request in instance.requests)
    for stretch, kinds in certificate.kinds():
        one_run, pausing = _by_rises(instance, kinds, stretch)
        total += _gain(instance, one_run, stretch, denominator)
        total += _gain_of_pausing(instance, pausing, stretch, denominator)
    return -(-total // denominator)


def keeps_tokens(instance: Instance) -> bool:
    """Whether evicted requests of the instance keep the tokens that they have generated."""
    return instance.machine.after_eviction == "resume"


def _by_rises(instance: Instance, kinds: Kinds, stretch: Stretch) -> tuple[Kinds, Kinds]:
    """The kinds that are cheapest in one run, and those that may be cheaper with pauses.

    Where tokens are kept, a request after whose arrival no price rises is cheapest in one run
    (lemma R2); where they are lost, every request is.
    """
    if not keeps_tokens(instance):
        return kinds, Counter()
    last_rise = stretch.first_round + _last_rise(stretch.multipliers)
    one_run: Kinds = Counter()
    pausing: Kinds = Counter()
    for kind, count in kinds.items():
        (one_run if kind[2] >= last_rise else pausing)[kind] = count
    return one_run, pausing


def _last_rise(multipliers: Sequence[int]) -> int:
    """The last round, of those priced, whose price is above that of the round before; 0: none."""
    rounds = range(len(multipliers) - 1, 0, -1)
    return next((now for now in rounds if multipliers[now] > multipliers[now - 1]), 0)


def _gain(instance: Instance, kinds: Kinds, stretch: Stretch, denominator: int) -> int:
    """What one stretch adds to Σ o_i, times the denominator.

    Indices are rounds since the stretch began; from its end on every price is zero.
    """
    shares = [share for share in stretch.shares if any(share.multipliers)]
    gain = -_whole_blocks(instance) * sum(stretch.multipliers)
    gain -= sum(share.limit * sum(share.multipliers) for share in shares)
    bits = _digit_bits(instance, stretch)
    digits = [
        _Sums(instance, stretch, shares, denominator, take)
        for take in _digits(stretch, denominator, bits)
    ]
    for (prompt_len, output_len, arrival), count in kinds.items():
        waited = arrival - stretch.first_round
        costs = [digit.costs(prompt_len, output_len)[waited:] for digit in digits]
        # Starting when the stretch is over costs nothing but delay; later is never better.
        gain += count * (_least(costs, bits) - denominator * waited)
    return gain


def _gain_of_pausing(instance: Instance, kinds: Kinds, stretch: Stretch, denominator: int) -> int:
    """What requests that may pause add to Σ o_i, times the denominator.

    The price of the capacity is part of :func:`_gain`.
    """
    gain = 0
    prices = exact_integers(stretch.multipliers, denominator, _whole_blocks(instance))
    for (stored, arrival), outputs in _groups(kinds).items():
        onwards = prices[arrival - stretch.first_round :]
        least = cheapest(onwards, denominator, stored, outputs, instance.block_size)
        gain += sum(
            count * (least[output_len] - denominator * output_len)
            for output_len, count in outputs.items()
        )
    return gain


def _steps_of(instance: Instance, kinds: Kinds, stretch: Stretch, denominator: int) -> int:
    """Additions that the dynamic programme takes for these kinds, or as long as it takes."""
    total = 0
    prices = exact_integers(stretch.multipliers, denominator, _whole_blocks(instance))
    for (stored, arrival), outputs in _groups(kinds).items():
        onwards, longest = prices[arrival - stretch.first_round :], max(outputs)
        rounds = rounds_that_matter(onwards, denominator, stored, longest, instance.block_size)
        total += steps(rounds, longest) + STEPS_OF_A_ROW * min(rounds, longest)
    return total


def _groups(kinds: Kinds) -> dict[tuple[int, int], Outputs]:
    """The outputs of the kinds of each prompt length and arrival."""
    groups: dict[tuple[int, int], Outputs] = {}
    for (stored, output_len, arrival), count in kinds.items():
        groups.setdefault((stored, arrival), Counter())[output_len] = count
    return groups


def _whole_blocks(instance: Instance) -> int:
    """M' = B·⌊M/B⌋: the most that requests can occupy together; tokens (T10 (c))."""
    return instance.capacity // instance.block_size * instance.block_size


def _digit_bits(instance: Instance, stretch: Stretch) -> int | None:
    """The largest base 2^bits in which digits of prices are summed up exactly in 64 bits.

    A request pays for at most M tokens in each priced round, and likewise for each share, and waits
    for at most twice the priced rounds: that many digits are added up. Sums in between may be
    larger; they are right modulo 2^64, as the result is. ``None``: not even bits are.
    """
    terms = len(stretch.multipliers) * (instance.capacity * (1 + len(stretch.shares)) + 2)
    bits = 62 - terms.bit_length()
    return bits if bits > 0 else None


Digit = Callable[[int], int]
"""Takes one digit of a number."""


def _digits(stretch: Stretch, denominator: int, bits: int | None) -> list[Digit]:
    """One for each digit that the prices have in base 2^bits, the lowest first."""
    if bits is None:
        return [lambda number: number]
    every = [denominator, *stretch.multipliers]
    every += [price for share in stretch.shares for price in share.multipliers]
    digits = range(0, max(every).bit_length(), bits)
    below = 2**bits - 1
    return [partial(_digit, shift=shift, below=below) for shift in digits]


def _digit(number: int, shift: int, below: int) -> int:
    return number >> shift & below


def _least(costs: Sequence[Integers], bits: int | None) -> int:
    """The least of the numbers whose digits are in ``costs``, the lowest first."""
    if bits is None:
        return int(costs[0].min())
    carry = np.zeros_like(costs[0])
    normal = []
    for digits in costs[:-1]:
        digits = digits + carry
        normal.append(digits & (2**bits - 1))
        carry = digits >> bits
    highest = costs[-1] + carry
    least = int(highest.min())
    left = np.flatnonzero(highest == least)
    for digits in reversed(normal):
        lowest = int(digits[left].min())
        left = left[digits[left] == lowest]
        least = (least << bits) + lowest
    return least


class _Sums:
    """Sums of a stretch's prices, or of one digit of each, from every round to the end.

    Args:
        instance: capacity and blocks.
        stretch: the prices.
        shares: those of the stretch that have a price.
        denominator: what a round of delay costs.
        take: the digit.
    """

    def __init__(
        self,
        instance: Instance,
        stretch: Stretch,
        shares: Sequence[Share],
        denominator: int,
        take: Digit,
    ) -> None:
        integer = "object" if _digit_bits(instance, stretch) is None else "int64"
        self._instance = instance
        self._shares = shares
        self._priced = len(stretch.multipliers)
        # A request that starts when the stretch is over may count in its last rounds by its lead.
        overtime = min(self._priced, max((share.lead for share in stretch.shares), default=0))

        def to_the_end(prices: Sequence[int], step: int) -> Integers:
            padded = [*map(take, prices), *[0] * (overtime + 1)]
            return _sums_to_the_end(np.array(padded, dtype=integer), step)

        # onwards[t] = λ_t + λ_{t+1} + …: the price of one token held from round t to the end.
        self._onwards = to_the_end(stretch.multipliers, 1)
        # rising[t] = onwards[t] + onwards[t+B] + onwards[t+2B] + …: one more every B rounds.
        self._rising = _sums_to_the_end(self._onwards, instance.block_size)
        # The price of one counted token from round t to the end, and of one more every round.
        self._flat = [to_the_end(share.multipliers, 1) for share in shares]
        self._ramps = [_sums_to_the_end(flat, 1) for flat in self._flat]
        self._delay: Integers = take(denominator) * np.arange(len(self._onwards)).astype(integer)

    def costs(self, prompt_len: int, output_len: int) -> Integers:
        """Delay and prices of a request that starts in round 0, 1, 2, … of the stretch.

        It holds its first ``before`` blocks from its start t on, takes a further one whenever its
        length passes a multiple of B, and has given all back at t + o.
        """
        block = self._instance.block_size
        before = -(-(prompt_len + 1) // block)
        after = -(-(prompt_len + output_len) // block)
        costs = self._delay + block * (
            before * self._onwards
            + _later(self._rising, before * block - prompt_len)
            - _later(self._rising, after * block - prompt_len)
            - after * _later(self._onwards, output_len)
        )
        for share, flat, ramp in zip(self._shares, self._flat, self._ramps, strict=True):
            earliest = 1 - min(share.lead, self._priced)
            for age, bend in share.bends(self._instance, prompt_len, output_len, earliest):
                # Σ over ages k > a of (k - a)·μ_{t+k-1}: a ramp that begins after age a.
                costs += bend * _ramp_from(ramp, flat, age)
        return costs


def _ramp_from(ramp: Integers, flat: Integers, age: int) -> Integers:
    """``ramp[t + age]`` for every t; before the stretch the ramp grows by ``flat[0]`` a round."""
    if age >= 0:
        return _later(ramp, age)
    early = min(-age, len(ramp))
    before = ramp[0] + flat[0] * np.arange(-age, -age - early, -1).astype(ramp.dtype)
    later: Integers = np.concatenate((before, ramp[: len(ramp) - early]))
    return later


def _sums_to_the_end(values: Integers, step: int) -> Integers:
    """values[t] + values[t + step] + values[t + 2·step] + … for every t."""
    step = min(step, len(values))
    filled = np.zeros(-(-len(values) // step) * step, dtype=values.dtype)
    filled[: len(values)] = values
    from_the_end = filled.reshape(-1, step)[::-1]
    return np.cumsum(from_the_end, axis=0)[::-1].ravel()[: len(values)]


def _later(values: Integers, rounds: int) -> Integers:
    """The values ``rounds`` later: values[t + rounds] for every t, 0 past the end."""
    later = np.zeros_like(values)
    later[: max(0, len(values) - rounds)] = values[rounds:]
    return later


def _content(instance: Instance) -> tuple[int, int, AfterEviction, bool, Kinds]:
    """The part of an instance on which bounds on its OPT depend."""
    kinds = Counter(
        (request.prompt_len, request.output_len, request.arrival) for request in instance.requests
    )
    machine = instance.machine
    rules = machine.after_eviction, machine.last_token_stored
    return instance.capacity, instance.block_size, *rules, kinds


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
