"""Random comparisons: of simulated policies, and of schedules with numbers of any size."""

from __future__ import annotations

from hypothesis import strategies as st

from amin_ref import Comparison, Instance, Request, Run, Schedule, compare
from amin_ref.comparison import Display
from amin_ref.strategies import instances

LATEST = 2**50
"""Latest start of a run: its completion stays below 2**53."""

NAMES = st.text(min_size=1, max_size=70)
"""Names of policies: any text, up to twice as long as a table shows."""

displays = st.builds(
    Display,
    st.none() | st.floats(1e-9, 1e9),
    st.none() | st.integers(1, LATEST) | st.floats(1, 1e9),
)


@st.composite
def simulated_comparisons(draw: st.DrawFn) -> Comparison:
    """Some of the four policies on a random instance."""
    policies = draw(
        st.lists(
            st.sampled_from(["amin", "amax", "h-sf", "fcfs"]), min_size=1, max_size=4, unique=True
        )
    )
    display = draw(displays)
    return compare(
        draw(instances()), policies, slo=display.slo, round_seconds=display.round_seconds
    )


@st.composite
def large_comparisons(draw: st.DrawFn) -> Comparison:
    """Any names of policies, numbers of up to 53 bits, and perhaps a lower bound."""
    count = draw(st.integers(0, 4))
    requests = tuple(
        Request(i, draw(st.integers(1, 2**52)), draw(st.integers(1, 50)), arrival=i)
        for i in range(count)
    )
    instance = Instance(2**53 - 1, requests, draw(st.integers(1, 16)))
    schedules = {
        name: Schedule(instance, tuple(run for each in requests for run in draw(_runs(each))))
        for name in draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    }
    least = min(schedule.total_latency for schedule in schedules.values())
    bound = draw(st.none() | st.integers(0, least))
    return Comparison(schedules, bound, draw(displays))


@st.composite
def _runs(draw: st.DrawFn, request: Request) -> list[Run]:
    """Perhaps an evicted run, then the completed one."""
    start = draw(st.integers(request.arrival, LATEST))
    runs = []
    if request.output_len > 1 and draw(st.booleans()):
        stop = start + draw(st.integers(1, request.output_len - 1))
        runs.append(Run(request.id, start, stop, "evicted"))
        start = stop + draw(st.integers(0, LATEST))
    return [*runs, Run(request.id, start, start + request.output_len, "completed")]


comparisons = simulated_comparisons() | large_comparisons()
