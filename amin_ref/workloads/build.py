"""From a workload, a prediction and a law of arrivals to an instance that can be scheduled.

The defaults below are those of the command line as well.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np

from amin_ref.files.reading import Source
from amin_ref.model.errors import InvalidValue, InvalidWorkload, shown_path
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.validation import whole_number
from amin_ref.workloads.arrivals import Arrivals, Load, as_arrivals
from amin_ref.workloads.distribution import LengthDistribution
from amin_ref.workloads.embedded import EMBEDDED
from amin_ref.workloads.fields import TimeUnit
from amin_ref.workloads.json_lines import no_unit
from amin_ref.workloads.predictions import Prediction, as_prediction
from amin_ref.workloads.row import Row
from amin_ref.workloads.trace import read_trace
from amin_ref.workloads.usable import Dropped, Selection, keep_usable

DEFAULT_WORKLOAD = "chat"
"""The workload that is scheduled unless another one is named."""

DEFAULT_REQUESTS = 2000
"""Requests drawn from an embedded workload unless another number is given."""

DEFAULT_CAPACITY = 16_492
"""M of the settings in which the article's claims are measured; tokens."""

DEFAULT_PREDICTION = "bins:10"
"""Ten bins: intervals that differ between requests, and that are far from exact."""

DEFAULT_ARRIVALS = "at-once"
"""The source's setting: every request waits from round 0."""

MOST_REQUESTS = 10**7
"""Largest number of requests of a workload: what fits into the memory of a large machine."""

_PROBED = 4096
"""Requests drawn to find out whether a capacity suffices: a few milliseconds' work."""

_SCARCE = 100
"""A capacity is refused if fewer than one in 100 of the probed requests fits."""


@dataclass(frozen=True)
class Workload:
    """An instance, and where its requests come from.

    Attributes:
        instance: the requests in the order of the workload; their ids are 0, 1, 2, …
        source: name of the embedded workload, or path of the trace.
        requested: the number of requests wanted; ``None`` for all of a trace. The instance has
            fewer if the trace ends before.
        rows_read: number of trace rows read, or of requests drawn.
        dropped: numbers of those that cannot be scheduled, by reason.
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
    source: str | os.PathLike[str] | Source = DEFAULT_WORKLOAD,
    *,
    capacity: int = DEFAULT_CAPACITY,
    block_size: int = 1,
    requests: int | None = None,
    seed: int = 0,
    prediction: Prediction | str = DEFAULT_PREDICTION,
    arrivals: Arrivals | Load | str = DEFAULT_ARRIVALS,
    time_unit: TimeUnit | None = None,
) -> Workload:
    """The instance that a workload gives, with what had to be left out of it.

    Args:
        source: a name in :data:`EMBEDDED`, or the path of a trace (see :func:`read_trace`). Write
            ``./chat`` for a file that has the name of an embedded workload.
        capacity: M; tokens, at least 1.
        block_size: B; tokens per block, at least 1.
        requests: number of requests, at least 1. Of a trace, the first usable ones are taken, or
            all if it is ``None``; the rest of the file is not read. Of an embedded workload,
            ``None`` means :data:`DEFAULT_REQUESTS`.
        seed: of every random choice, at least 0. Lengths, arrivals and predictions have random
            generators of their own, so that none depends on how much the others draw.
        prediction: gives each request's [ℓ, u]; an object or a text such as ``"bins:10"`` (see
            :func:`parse_prediction`).
        arrivals: gives each request's arrival round; an object or a text such as
            ``"poisson:0.3"`` or ``"load:0.8"`` (see :func:`parse_arrivals`).
        time_unit: what the trace's times count (``"s"``, ``"ms"`` or ``"ns"``), if it is not what
            its format says.

    Raises:
        InvalidValue: an argument breaks its rule, the prediction does not hold of every request, or
            the arrivals need timestamps that the workload does not have.
        InvalidWorkload: the trace cannot be read, or (hardly) nothing in it fits into the cache.
    """
    selection = select_rows(
        source,
        capacity=capacity,
        block_size=block_size,
        requests=requests,
        seed=seed,
        time_unit=time_unit,
    )
    return workload_from_selection(
        selection,
        source.name if isinstance(source, Source) else os.fspath(source),
        capacity=capacity,
        block_size=block_size,
        requests=requests,
        seed=seed,
        prediction=prediction,
        arrivals=arrivals,
    )


def workload_from_selection(
    selection: Selection,
    name: str,
    *,
    capacity: int = DEFAULT_CAPACITY,
    block_size: int = 1,
    requests: int | None = None,
    seed: int = 0,
    prediction: Prediction | str = DEFAULT_PREDICTION,
    arrivals: Arrivals | Load | str = DEFAULT_ARRIVALS,
) -> Workload:
    """The second half of :func:`build_instance`, for rows that were selected already.

    Args:
        selection: what :func:`select_rows` gave; one serves any number of seeds of a trace.
        name: what the workload's ``source`` is called.
        capacity: see :func:`build_instance`, for this and the other arguments.

    Raises:
        InvalidValue: see :func:`build_instance`.
    """
    return Workload(
        instance=instance_from_rows(
            selection.rows,
            capacity=capacity,
            block_size=block_size,
            seed=seed,
            prediction=prediction,
            arrivals=arrivals,
        ),
        source=name,
        requested=requests,
        rows_read=selection.rows_read,
        dropped=selection.dropped,
        span_ns=selection.span_ns,
    )


def select_rows(
    source: str | os.PathLike[str] | Source = DEFAULT_WORKLOAD,
    *,
    capacity: int = DEFAULT_CAPACITY,
    block_size: int = 1,
    requests: int | None = None,
    seed: int = 0,
    time_unit: TimeUnit | None = None,
) -> Selection:
    """The usable rows of a workload: the first half of :func:`build_instance`, same arguments.

    Raises:
        InvalidValue: an argument breaks its rule.
        InvalidWorkload: the trace cannot be read, or (hardly) nothing in it fits into the cache.
    """
    whole_number("capacity", capacity, 1, "tokens")
    whole_number("block_size", block_size, 1, "tokens")
    _check_requests(requests)
    generator = _generators(seed).lengths
    if isinstance(source, str) and source in EMBEDDED:
        if time_unit is not None:
            raise no_unit(time_unit, f"{source} is no trace")
        return _draw(source, generator, capacity, block_size, requests or DEFAULT_REQUESTS)
    return _read(source, capacity, block_size, requests, time_unit)


def instance_from_rows(
    rows: Sequence[Row],
    *,
    capacity: int = DEFAULT_CAPACITY,
    block_size: int = 1,
    seed: int = 0,
    prediction: Prediction | str = DEFAULT_PREDICTION,
    arrivals: Arrivals | Load | str = DEFAULT_ARRIVALS,
) -> Instance:
    """An instance of these rows: the second half of :func:`build_instance`, same arguments.

    Request i, counted from 0, is row i.

    Raises:
        InvalidValue: an argument breaks its rule, a row does not fit into the cache, the prediction
            does not hold of every row, or the arrivals need timestamps that the rows lack.
    """
    generators = _generators(seed)
    law = as_arrivals(arrivals)
    if isinstance(law, Load):
        law = law.process(rows, capacity, block_size)
    bounds = as_prediction(prediction).intervals(
        [row.output_len for row in rows], generators.predictions
    )
    rounds = law.rounds(rows, generators.arrivals)
    return Instance(
        capacity=capacity,
        block_size=block_size,
        requests=tuple(
            Request(position, row.prompt_len, row.output_len, lower, upper, arrival)
            for position, (row, (lower, upper), arrival) in enumerate(
                zip(rows, bounds, rounds, strict=True)
            )
        ),
    )


@dataclass(frozen=True)
class _Generators:
    """Independent sources of random numbers, all from one seed."""

    lengths: np.random.Generator
    arrivals: np.random.Generator
    predictions: np.random.Generator


def _generators(seed: int) -> _Generators:
    _check_seed(seed)
    return _Generators(*map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3)))


def _read(
    source: str | os.PathLike[str] | Source,
    capacity: int,
    block_size: int,
    requests: int | None,
    time_unit: TimeUnit | None,
) -> Selection:
    name = source.name if isinstance(source, Source) else shown_path(source)
    if not isinstance(source, Source) and not os.path.exists(source):
        raise InvalidWorkload(
            f"{name}: there is no such file; check the path, or name an embedded "
            f"workload ({', '.join(EMBEDDED)})."
        )
    with closing(read_trace(source, time_unit)) as rows:
        selection = keep_usable(rows, capacity, block_size, requests)
    if not selection.rows:
        raise InvalidWorkload(
            f"{name}: none of its {selection.rows_read} rows can be scheduled "
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
    """Refuse a capacity that most requests exceed.

    Drawing until enough requests fit would take very long, and would give a workload unlike the
    one named.
    """
    # A fixed seed, so that whether a capacity is refused does not depend on the user's seed.
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
