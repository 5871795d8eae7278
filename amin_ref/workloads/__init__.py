"""Workloads: real traces and embedded synthetic ones, made into instances to schedule.

:func:`build_instance` does it all; what it is made of is public too. Nothing here knows a policy,
and the core knows nothing of this package.
"""

from amin_ref.workloads.arrivals import Arrivals, AtOnce, Poisson, TraceArrivals, parse_arrivals
from amin_ref.workloads.build import DEFAULT_REQUESTS, Workload, build_instance
from amin_ref.workloads.distribution import LengthDistribution, measure_lengths
from amin_ref.workloads.embedded import CHAT, CONVERSATION, EMBEDDED
from amin_ref.workloads.fields import TimeUnit
from amin_ref.workloads.predictions import (
    Bins,
    Exact,
    Prediction,
    Relative,
    Rough,
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
    "CONVERSATION",
    "DEFAULT_REQUESTS",
    "Dropped",
    "EMBEDDED",
    "Exact",
    "LengthDistribution",
    "Poisson",
    "Prediction",
    "Relative",
    "Rough",
    "Row",
    "Selection",
    "TimeUnit",
    "TraceArrivals",
    "Workload",
    "build_instance",
    "keep_usable",
    "measure_lengths",
    "parse_arrivals",
    "parse_prediction",
    "read_trace",
]
