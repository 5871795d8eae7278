"""The requests of an experiment: a sample of a workload, with predictions and arrivals."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from amin_ref.model.instance import Instance
from amin_ref.model.machine import Machine
from amin_ref.workloads import (
    EMBEDDED,
    Load,
    Row,
    build_instance,
    instance_from_rows,
    select_rows,
)
from oracle.certificate import verify
from oracle.prices.ascent import lower_bound

BOUND_SECONDS = 60.0
"""The time limit of the search for a lower bound, unless another is given."""


@dataclass(frozen=True)
class SampledWorkload:
    """Requests and a cache, without predictions; each seed draws a sample.

    Attributes:
        source: a name in :data:`amin_ref.workloads.EMBEDDED`, or the path of a trace.
        requests: size of the sample. A trace is sampled without replacement; a shorter trace is
            taken whole.
        capacity: M; tokens.
        load: offered work of Poisson arrivals over what the cache can serve (see
            :class:`amin_ref.workloads.Load`); ``None`` if all requests arrive in round 0.
        equal_prompts: whether every prompt gets the mean length of the sample's prompts.
        prompt_len: length of every prompt; tokens. ``None`` for the sample's own lengths.
    """

    source: str
    requests: int
    capacity: int
    load: float | None = None
    equal_prompts: bool = False
    prompt_len: int | None = None

    def instance(self, prediction: str, seed: int) -> Instance:
        """The sample that ``seed`` draws, with the intervals that ``prediction`` names.

        Args:
            prediction: a text that :func:`amin_ref.workloads.parse_prediction` reads.
            seed: of the sample, the arrivals and the prediction.

        Raises:
            InvalidValue: there is no such prediction.
            InvalidWorkload: the trace cannot be read, or nothing in it fits into the cache.
        """
        return instance_from_rows(
            self._rows(seed),
            capacity=self.capacity,
            seed=seed,
            prediction=prediction,
            arrivals="at-once" if self.load is None else Load(self.load),
        )

    def _rows(self, seed: int) -> Sequence[Row]:
        rows: Sequence[Row]
        if self.source in EMBEDDED:
            rows = select_rows(
                self.source, capacity=self.capacity, requests=self.requests, seed=seed
            ).rows
        else:
            whole = _trace(self.source, self.capacity)
            (sequence,) = np.random.SeedSequence(seed).spawn(1)
            generator = np.random.default_rng(sequence)
            chosen = generator.permutation(len(whole))[: self.requests]
            rows = [whole[position] for position in chosen.tolist()]
        if self.prompt_len is not None:
            return [Row(self.prompt_len, row.output_len) for row in rows]
        if not self.equal_prompts:
            return rows
        mean = round(sum(row.prompt_len for row in rows) / len(rows))
        prompt_len = min(mean, self.capacity - max(row.output_len for row in rows))
        return [Row(max(1, prompt_len), row.output_len) for row in rows]


@dataclass(frozen=True, slots=True)
class BoundedWorkload:
    """The requests of a table whose latencies are divided by a certified lower bound.

    Attributes:
        source: an embedded workload, or the path of a trace.
        requests: the number of requests.
        capacity: M; tokens.
        block_size: B; tokens.
        arrivals: as :func:`amin_ref.workloads.build_instance` takes them.
        seed: of arrivals and of predictions.
        bound_seconds: the time limit of the search for each lower bound.
    """

    source: str
    requests: int
    capacity: int
    block_size: int
    arrivals: str
    seed: int
    bound_seconds: float

    @classmethod
    def add_flags(cls, parser: argparse.ArgumentParser, block_size: int) -> None:
        """Give a command flags of this workload; ``block_size`` is the default of one of them."""
        parser.add_argument("source", help="an embedded workload, or a trace")
        parser.add_argument("--requests", type=int, default=2000)
        parser.add_argument("--capacity", type=int, required=True, help="M; tokens")
        parser.add_argument("--block-size", type=int, default=block_size, help="B; tokens")
        parser.add_argument("--arrivals", default="at-once")
        parser.add_argument("--seed", type=int, default=0, help="of arrivals and predictions")
        parser.add_argument(
            "--seconds", type=float, default=BOUND_SECONDS, help="for each lower bound"
        )

    @classmethod
    def given(cls, flags: argparse.Namespace) -> BoundedWorkload:
        """The workload that a command's flags name."""
        return cls(
            source=flags.source,
            requests=flags.requests,
            capacity=flags.capacity,
            block_size=flags.block_size,
            arrivals=flags.arrivals,
            seed=flags.seed,
            bound_seconds=flags.seconds,
        )

    def instance(self, prediction: str, machine: Machine) -> Instance:
        """The requests with the intervals that ``prediction`` names, on a machine."""
        built = build_instance(
            self.source,
            requests=self.requests,
            capacity=self.capacity,
            block_size=self.block_size,
            arrivals=self.arrivals,
            seed=self.seed,
            prediction=prediction,
        )
        return replace(built.instance, machine=machine)

    def bound(self, machine: Machine) -> int:
        """A lower bound on the total latency of every schedule on the machine; request·rounds."""
        exact = self.instance("exact", machine)
        return verify(exact, lower_bound(exact, time_limit=self.bound_seconds))


@lru_cache(maxsize=2)
def _trace(path: str, capacity: int) -> tuple[Row, ...]:
    """All usable rows of a trace: a process that draws from it many times reads it once."""
    return select_rows(path, capacity=capacity).rows
