"""From a workload, a prediction and a law of arrivals to an instance that can be scheduled."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np

from amin_ref.model.errors import InvalidValue, InvalidWorkload, shown_path
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.validation import whole_number
from amin_ref.workloads.arrivals import Arrivals, AtOnce
from amin_ref.workloads.distribution import LengthDistribution
from amin_ref.workloads.embedded import EMBEDDED
from amin_ref.workloads.fields import TimeUnit
from amin_ref.workloads.json_lines import no_unit
from amin_ref.workloads.predictions import Exact, Prediction
from amin_ref.workloads.row import Row
from amin_ref.workloads.trace import read_trace
from amin_ref.workloads.usable import Dropped, Selection, keep_usable

DEFAULT_REQUESTS = 2000
"""How many requests are drawn from an embedded workload unless told."""

MOST_REQUESTS = 10**7
"""The most requests that may be asked for: what fits into the memory of a large machine."""

_PROBED = 4096
_SCARCE = 100
"""Drawing is refused where fewer than one in so many of the probed rows fits into the cache."""


@dataclass(frozen=True)
class Workload:
    """An instance, and where its requests come from.

    Attributes:
        instance: the requests in the order of the workload; their ids are 0, 1, 2, …
        source: name of the embedded workload, or path of the trace.
        requested: how many requests were asked for; ``None`` for all of a trace. The instance has
            fewer where the trace ends before.
        rows_read: rows of the trace, or draws, that were looked at.
        dropped: those that could not be scheduled, by reason.
        span_ns: from the first to the last of the requests' times in the trace; nanoseconds.
            ``None`` where the workload has no times.
    """

    instance: Instance
    source: str
    requested: int | None
    rows_read: int
    dropped: Dropped
    span_ns: int | None = None


def build_instance(
    source: str | os.PathLike[str] = "chat",
    *,
    capacity: int,
    block_size: int = 1,
    requests: int | None = None,
    seed: int = 0,
    prediction: Prediction = Exact(),  # noqa: B008 - a frozen value
    arrivals: Arrivals = AtOnce(),  # noqa: B008 - a frozen value
    time_unit: TimeUnit | None = None,
) -> Workload:
    """The instance that a workload gives, with what had to be left out of it.

    Args:
        source: a name in :data:`EMBEDDED`, or the path of a trace (see :func:`read_trace`); a file
            of the same name as an embedded workload is reached as ``./chat``.
        capacity: M; tokens, at least 1.
        block_size: B; tokens per block, at least 1.
        requests: how many, at least 1. Of a trace, the first so many that are usable, or all of
            them where it is ``None``; the rest is not read. Of an embedded workload,
            :data:`DEFAULT_REQUESTS` where it is ``None``.
        seed: of every random choice, at least 0. Lengths and arrivals have generators of their own,
            so that neither depends on how much the other draws.
        prediction: gives each request's [ℓ, u].
        arrivals: gives each request's arrival round.
        time_unit: what the trace's times count (``"s"``, ``"ms"`` or ``"ns"``), if it is not what
            its format says.

    Raises:
        InvalidValue: an argument breaks its rule, the prediction does not hold of every request, or
            the arrivals need timestamps that the workload does not have.
        InvalidWorkload: the trace cannot be read, or (hardly) nothing in it fits into the cache.
    """
    whole_number("capacity", capacity, 1, "tokens")
    whole_number("block_size", block_size, 1, "tokens")
    _check_requests(requests)
    _check_seed(seed)
    for_lengths, for_arrivals = (
        np.random.default_rng(sequence) for sequence in np.random.SeedSequence(seed).spawn(2)
    )
    if isinstance(source, str) and source in EMBEDDED:
        if time_unit is not None:
            raise no_unit(time_unit, f"{source} is no trace")
        selection = _draw(source, for_lengths, capacity, block_size, requests or DEFAULT_REQUESTS)
    else:
        selection = _read(source, capacity, block_size, requests, time_unit)
    rows = selection.rows
    bounds = prediction.intervals([row.output_len for row in rows])
    rounds = arrivals.rounds(rows, for_arrivals)
    return Workload(
        instance=Instance(
            capacity=capacity,
            block_size=block_size,
            requests=tuple(
                Request(position, row.prompt_len, row.output_len, lower, upper, arrival)
                for position, (row, (lower, upper), arrival) in enumerate(
                    zip(rows, bounds, rounds, strict=True)
                )
            ),
        ),
        source=os.fspath(source),
        requested=requests,
        rows_read=selection.rows_read,
        dropped=selection.dropped,
        span_ns=_span(rows),
    )


def _span(rows: Sequence[Row]) -> int | None:
    times = [row.time_ns for row in rows if row.time_ns is not None]
    return max(times) - min(times) if times else None


def _read(
    path: str | os.PathLike[str],
    capacity: int,
    block_size: int,
    requests: int | None,
    time_unit: TimeUnit | None,
) -> Selection:
    if not os.path.exists(path):
        raise InvalidWorkload(
            f"{shown_path(path)}: there is no such file; check the path, or name an embedded "
            f"workload ({', '.join(EMBEDDED)})."
        )
    with closing(read_trace(path, time_unit)) as rows:
        selection = keep_usable(rows, capacity, block_size, requests)
    if not selection.rows:
        raise InvalidWorkload(
            f"{shown_path(path)}: none of its {selection.rows_read} rows can be scheduled "
            f"({selection.dropped}); raise capacity from {capacity} or give another trace."
        )
    return selection


def _draw(
    name: str, generator: np.random.Generator, capacity: int, block_size: int, requests: int
) -> Selection:
    distribution = EMBEDDED[name]
    _refuse_scarcity(name, distribution, capacity, block_size)
    return keep_usable(distribution.draw(generator), capacity, block_size, requests)


def _refuse_scarcity(
    name: str, distribution: LengthDistribution, capacity: int, block_size: int
) -> None:
    """Drawing until enough fit would take for ever, and give a workload unlike the one named."""
    # A seed of its own: whether a capacity is refused must not depend on the user's.
    probe = islice(distribution.draw(np.random.default_rng(0)), _PROBED)
    fitting = len(keep_usable(probe, capacity, block_size).rows)
    if fitting * _SCARCE < _PROBED:
        raise InvalidWorkload(
            f"workload {name!r}: only {fitting} of {_PROBED} requests drawn fit into a cache of "
            f"{capacity} tokens in blocks of {block_size}; raise capacity."
        )


def _check_requests(requests: int | None) -> None:
    if requests is None:
        return
    whole_number("requests", requests, 1, "requests")
    if requests > MOST_REQUESTS:
        raise InvalidValue(
            "requests", requests, f"it must be at most {MOST_REQUESTS}", "ask for fewer"
        )


def _check_seed(seed: int) -> None:
    if type(seed) is not int or seed < 0:
        raise InvalidValue(
            "seed", seed, "it must be a whole number from 0 (an int)", "give one such as 0"
        )
