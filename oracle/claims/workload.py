"""The requests of an experiment: a sample of a workload, with predictions and arrivals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import ceil, floor

import numpy as np

from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.workloads import (
    EMBEDDED,
    AtOnce,
    Poisson,
    Rough,
    Row,
    build_instance,
    parse_prediction,
)

NAIVE_UPPER = 1000
"""Upper end of the article's naive prediction, the same for all: 1,000 tokens."""

_VARYING = re.compile(r"varying:(0?\.[0-9]{1,6})")
_MIXED = re.compile(r"mixed:([01](?:\.[0-9]{1,6})?)")


@dataclass(frozen=True)
class SampledWorkload:
    """Requests and a cache, without predictions; each seed draws a sample.

    Attributes:
        source: a name in :data:`amin_ref.workloads.EMBEDDED`, or the path of a trace.
        requests: size of the sample. A trace is sampled without replacement; a shorter trace is
            taken whole.
        capacity: M; tokens.
        load: of Poisson arrivals, see :meth:`rate`; ``None`` if all requests arrive in round 0.
        equal_prompts: whether every prompt gets the mean length of the sample's prompts.
    """

    source: str
    requests: int
    capacity: int
    load: float | None = None
    equal_prompts: bool = False

    def instance(self, prediction: str, seed: int) -> Instance:
        """The sample that ``seed`` draws, with the intervals that ``prediction`` names.

        A prediction is one of :func:`amin_ref.workloads.parse_prediction`, or

        * ``naive``: [1, 1000] for all; up to the longest output where that is longer;
        * ``varying:X``: ``relative:E``, with E drawn for each request uniformly from [0, X];
        * ``mixed:P``: naive for a random share P of the requests, exact for the others.

        Raises:
            InvalidValue: there is no such prediction.
            InvalidWorkload: the trace cannot be read, or nothing in it fits into the cache.
        """
        sampling, arriving, predicting = (
            np.random.default_rng(sequence) for sequence in np.random.SeedSequence(seed).spawn(3)
        )
        rows = self._rows(seed, sampling)
        bounds = intervals(prediction, [row.output_len for row in rows], predicting)
        law = AtOnce() if self.load is None else Poisson(self.rate(rows))
        return Instance(
            self.capacity,
            tuple(
                Request(position, row.prompt_len, row.output_len, lower, upper, arrival)
                for position, (row, (lower, upper), arrival) in enumerate(
                    zip(rows, bounds, law.rounds(rows, arriving), strict=True)
                )
            ),
        )

    def rate(self, rows: Sequence[Row]) -> Decimal:
        """Requests per round at this load.

        At load 1, the cache is exactly as large as what arrives in a round will hold, summed over
        its rounds: M = rate · mean of Σ_a (s + a). No scheduler keeps up with more.
        """
        held = sum(
            row.output_len * row.prompt_len + row.output_len * (row.output_len + 1) // 2
            for row in rows
        )
        load = 1.0 if self.load is None else self.load
        return Decimal(f"{load * self.capacity * len(rows) / held:.9f}")

    def _rows(self, seed: int, generator: np.random.Generator) -> list[Row]:
        if self.source in EMBEDDED:
            rows = _drawn(self.source, self.capacity, self.requests, seed)
        else:
            whole = _trace(self.source, self.capacity)
            chosen = generator.permutation(len(whole))[: self.requests]
            rows = [whole[position] for position in chosen.tolist()]
        if not self.equal_prompts:
            return rows
        mean = round(sum(row.prompt_len for row in rows) / len(rows))
        prompt_len = min(mean, self.capacity - max(row.output_len for row in rows))
        return [Row(max(1, prompt_len), row.output_len) for row in rows]


def _drawn(workload: str, capacity: int, requests: int, seed: int) -> list[Row]:
    instance = build_instance(workload, capacity=capacity, requests=requests, seed=seed).instance
    return [Row(request.prompt_len, request.output_len) for request in instance.requests]


@lru_cache(maxsize=2)
def _trace(path: str, capacity: int) -> list[Row]:
    """All usable rows of a trace: a process that draws from it many times reads it once."""
    instance = build_instance(path, capacity=capacity).instance
    return [Row(request.prompt_len, request.output_len) for request in instance.requests]


def intervals(
    prediction: str, output_lens: Sequence[int], generator: np.random.Generator
) -> list[tuple[int, int]]:
    """[ℓ, u] of each request; see :meth:`SampledWorkload.instance`.

    Raises:
        InvalidValue: there is no such prediction, or it does not hold.
    """
    if prediction == "naive":
        return _naive(output_lens)
    if found := _VARYING.fullmatch(prediction):
        errors = generator.uniform(0, float(found[1]), len(output_lens))
        return [
            (max(1, ceil((1 - error) * length)), floor((1 + error) * length))
            for error, length in zip(errors.tolist(), output_lens, strict=True)
        ]
    if found := _MIXED.fullmatch(prediction):
        share = float(found[1])
        if share > 1:
            raise InvalidValue(
                "prediction mixed: P", prediction, "P must be at most 1", "give mixed:0.5"
            )
        known = generator.random(len(output_lens)) >= share
        return [
            (length, length) if is_known else bounds
            for is_known, length, bounds in zip(
                known.tolist(), output_lens, _naive(output_lens), strict=True
            )
        ]
    return parse_prediction(prediction).intervals(output_lens)


def _naive(output_lens: Sequence[int]) -> list[tuple[int, int]]:
    return Rough(1, max(NAIVE_UPPER, max(output_lens))).intervals(output_lens)
