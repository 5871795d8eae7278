"""Which requests arrive, and what is predicted of them? Traces and embedded length distributions.

:func:`build_instance` makes an instance of a workload; its parts are public too. This folder knows
no policy. Reading order:

1. ``row``: one request as a trace records it.
2. ``lines``, ``fields``, ``json_lines``, ``formats``, ``trace``: from a trace file to rows.
3. ``distribution``, ``embedded``: lengths drawn from the distribution of a published trace.
4. ``usable``: which rows can be scheduled.
5. ``decimals``, ``predictions``, ``arrivals``: the intervals [ℓ, u] and the arrival rounds.
6. ``build``: all of it, as one function.
"""

from amin_ref.workloads.arrivals import (
    Arrivals,
    AtOnce,
    Load,
    Poisson,
    TraceArrivals,
    parse_arrivals,
)
from amin_ref.workloads.build import (
    DEFAULT_ARRIVALS,
    DEFAULT_CAPACITY,
    DEFAULT_PREDICTION,
    DEFAULT_REQUESTS,
    DEFAULT_WORKLOAD,
    Workload,
    build_instance,
    instance_from_rows,
    select_rows,
    workload_from_selection,
)
from amin_ref.workloads.distribution import LengthDistribution, measure_lengths
from amin_ref.workloads.embedded import CHAT, CODE, CONVERSATION, EMBEDDED, MOONCAKE
from amin_ref.workloads.fields import TimeUnit
from amin_ref.workloads.predictions import (
    NAIVE_UPPER,
    Bins,
    Exact,
    Mixed,
    Naive,
    Prediction,
    Relative,
    Rough,
    Varying,
    parse_prediction,
)
from amin_ref.workloads.row import Row
from amin_ref.workloads.trace import read_trace
from amin_ref.workloads.usable import Dropped, Selection, keep_usable

__all__ = [
    "Arrivals",
    "AtOnce",
    "Bins",
    "CHAT",
    "CODE",
    "CONVERSATION",
    "DEFAULT_ARRIVALS",
    "DEFAULT_CAPACITY",
    "DEFAULT_PREDICTION",
    "DEFAULT_REQUESTS",
    "DEFAULT_WORKLOAD",
    "Dropped",
    "EMBEDDED",
    "Exact",
    "LengthDistribution",
    "Load",
    "MOONCAKE",
    "Mixed",
    "NAIVE_UPPER",
    "Naive",
    "Poisson",
    "Prediction",
    "Relative",
    "Rough",
    "Row",
    "Selection",
    "TimeUnit",
    "TraceArrivals",
    "Varying",
    "Workload",
    "build_instance",
    "instance_from_rows",
    "keep_usable",
    "measure_lengths",
    "parse_arrivals",
    "parse_prediction",
    "read_trace",
    "select_rows",
    "workload_from_selection",
]
