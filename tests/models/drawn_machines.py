"""Hypothesis draws instances of any machine, and clients that go away."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from amin_ref import Instance, RequestId
from amin_ref.strategies import instances, machines


@st.composite
def on_any_machine(draw: st.DrawFn) -> Instance:
    """A small instance of any machine, with predictions that are wrong where they may be."""
    instance = draw(instances(max_requests=5, max_output_len=6, max_arrival=5))
    machine = draw(machines())
    instance = replace(instance, machine=machine)
    if machine.sound_predictions:
        return instance
    return replace(
        instance,
        requests=tuple(
            replace(request, lower=draw(st.integers(1, 9)), upper=draw(st.integers(9, 12)))
            for request in instance.requests
        ),
    )


def aborts(instance: Instance) -> st.SearchStrategy[dict[RequestId, int]]:
    """The rounds in which some clients go away, none before its request arrives."""
    drawn = st.dictionaries(st.sampled_from(instance.requests), st.integers(0, 12), max_size=2)
    return drawn.map(
        lambda patience: {
            request.id: request.arrival + rounds for request, rounds in patience.items()
        }
    )
