"""Rounds after which a request starts in no optimal schedule, proved by a certificate.

An integer programme with a binary for each request and round needs a last round. A heuristic's
makespan is no valid one: an optimal schedule may end later. The prices of a certificate prove one.
Let L be their bound, and let c_i(t) be what request i pays if it starts in round t. A schedule in
which i starts in t costs at least L − min c_i + c_i(t). If that exceeds the cost of a known
schedule, no optimal schedule starts i in t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from amin_ref import (
    Amin,
    HindsightShortestFirst,
    Instance,
    Request,
    SmallestVolumeFirst,
    simulate,
)
from oracle import Certificate, Stretch, lower_bound
from oracle.cheapest_rounds import Integers

PRICING = 2.0
"""Seconds in which prices are found."""


@dataclass(frozen=True)
class Case:
    """An instance whose requests all arrive in round 0, on the paper's machine."""

    instance: Instance

    @property
    def work(self) -> int:
        """Σ o: an optimal schedule has no idle round, so it is over then (Lemma 2)."""
        return sum(request.output_len for request in self.instance.requests)

    @cached_property
    def last_starts(self) -> tuple[int, ...]:
        """The last round in which an optimal schedule may start each request."""
        certificate = lower_bound(self.instance, time_limit=PRICING)
        policies = (HindsightShortestFirst(), SmallestVolumeFirst(), Amin())
        known = min(simulate(self.instance, policy).total_latency for policy in policies)
        return last_starts(certificate, known)


def last_starts(certificate: Certificate, known: int) -> tuple[int, ...]:
    """The last start of each request in schedules that cost at most ``known``.

    Args:
        certificate: of one stretch from round 0 on; all requests arrive in round 0.
        known: the total latency of some schedule.
    """
    instance, denominator = certificate.instance, certificate.denominator
    stretch = _only_stretch(certificate)
    work = sum(request.output_len for request in instance.requests)
    paid = [payments(certificate, request, work) for request in instance.requests]
    given = instance.capacity * sum(stretch.multipliers)
    given += sum(share.limit * sum(share.multipliers) for share in stretch.shares)
    bound = sum(int(costs.min()) for costs in paid) - given
    return tuple(
        int(np.flatnonzero(bound - costs.min() + costs <= known * denominator)[-1])
        for costs in paid
    )


def payments(certificate: Certificate, request: Request, work: int) -> Integers:
    """What a request pays if it starts in round 0, 1, … work − o: exact, times the denominator.

    Summed up term by term, without the sums of :mod:`oracle.certificate`.
    """
    stretch = _only_stretch(certificate)
    prompt_len, output_len = request.prompt_len, request.output_len
    starts = work - output_len + 1
    costs = certificate.denominator * (np.arange(starts).astype(object) + output_len)
    held = [prompt_len + age for age in range(1, output_len + 1)]
    costs = costs + _correlated(stretch, stretch.multipliers, held, 1, starts)
    for share in stretch.shares:
        ages = range(1 - share.lead, output_len - share.lead + 1)
        counted = [
            share.counted_at(certificate.instance, prompt_len, output_len, age) for age in ages
        ]
        costs = costs + _correlated(stretch, share.multipliers, counted, ages[0], starts)
    return costs


def _only_stretch(certificate: Certificate) -> Stretch:
    """The stretch; one without prices where the certificate has none, as for one request."""
    if not certificate.stretches:
        return Stretch(0, ())
    (stretch,) = certificate.stretches
    return stretch


def _correlated(
    stretch: Stretch, prices: Sequence[int], held: Sequence[int], first_age: int, starts: int
) -> Integers:
    """Σ over ages of price[start + age − 1] · held, for each start; no price outside."""
    before = 1 - first_age  # rounds before the start in which the request counts already
    after = max(0, starts + first_age + len(held) - len(stretch.multipliers))
    padded = np.array([0] * before + list(prices) + [0] * after, dtype=object)
    sums: Integers = np.correlate(padded, np.array(held, dtype=object), mode="valid")[:starts]
    return sums
