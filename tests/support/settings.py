"""Strategies for settings of equal prompts and for outputs; policies with a fast simulation."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from amin_ref import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    Machine,
    Policy,
    Ranking,
    Schedule,
    simulate,
)
from amin_ref.model.machine import PAPERS_MACHINE
from amin_ref.policies.variants import (
    AminVariant,
    EvictsLargest,
    EvictsNewest,
    NeverLooksAhead,
    NeverRefines,
)
from amin_ref.small.setting import Outputs, Setting

RESUME = Machine(after_eviction="resume")
"""The machine whose evicted requests keep their tokens."""

CLASSES: Mapping[str, type[Amin | Amax | AminVariant | FirstComeFirstServed]] = {
    "amin": Amin,
    "amax": Amax,
    "fcfs": FirstComeFirstServed,
    "amin-never-refines": NeverRefines,
    "amin-evicts-largest": EvictsLargest,
    "amin-evicts-newest": EvictsNewest,
    "amin-never-looks-ahead": NeverLooksAhead,
}
"""The policy of each name in :data:`oracle.ratio.question.RULES`."""


@st.composite
def settings_of_requests(
    draw: st.DrawFn,
    *,
    longest: int = 9,
    longest_prompt: int = 4,
    most_spare: int = 20,
    machine: Machine = PAPERS_MACHINE,
) -> Setting:
    """A prompt length, a predicted interval, and a capacity for one request or somewhat more."""
    prompt_len = draw(st.integers(1, longest_prompt))
    lower, upper = sorted(draw(st.tuples(st.integers(1, longest), st.integers(1, longest))))
    spare = draw(st.integers(0, most_spare))
    return Setting(prompt_len, lower, upper, prompt_len + upper + spare, machine=machine)


def outputs_of(setting: Setting, most: int) -> SearchStrategy[Outputs]:
    """From 1 to ``most`` output lengths of a setting, in any order."""
    length = st.integers(setting.lower, setting.upper)
    return st.lists(length, min_size=1, max_size=most).map(tuple)


def by_position(outputs: Outputs) -> Ranking:
    """The ranking of the requests of ``Setting.instance(outputs)`` in the order of outputs."""
    return Ranking(tuple(range(len(outputs))))


def simulated(setting: Setting, outputs: Outputs, policy: Policy | ClairvoyantPolicy) -> Schedule:
    """The policy's schedule of ``Setting.instance(outputs)``."""
    return simulate(setting.instance(outputs), policy)
