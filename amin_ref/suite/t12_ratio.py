"""T12: a scheduler's ratio to the optimum on small instances of identical prompts."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

from amin_ref.model.instance import Instance
from amin_ref.model.machine import PAPERS_MACHINE
from amin_ref.model.schedule import Schedule
from amin_ref.policies import Policy
from amin_ref.small.bound import LONGEST_PROMPT_PER_LOWER, is_stated_for, ratio_bound
from amin_ref.small.optimum import Hindsight
from amin_ref.small.setting import Setting
from amin_ref.suite.finding import Finding
from amin_ref.suite.judgement import schedule_of

MOST_REQUESTS = 7
"""Requests of an instance: its optimum takes milliseconds."""

LONGEST_OUTPUT = 12
"""Tokens; the largest 1/α for which T12 is tabled."""

LOWERS = (1, 1, 1, 2, 3)
"""One of these is ℓ; most often 1, where α is smallest."""

LONGEST_PROMPT = 4
"""Tokens; the longest prompt for which T12 is tabled."""


def settled_instances(examples: int, seed: int) -> Iterator[Instance]:
    """Random instances for which T12 is stated: identical prompts that all arrive at once."""
    random = Random(seed)
    for _ in range(examples):
        lower = random.choice(LOWERS)
        upper = random.randint(lower, LONGEST_OUTPUT)
        prompt_len = random.randint(1, min(LONGEST_PROMPT, LONGEST_PROMPT_PER_LOWER * lower))
        largest = prompt_len + upper
        setting = Setting(prompt_len, lower, upper, largest + random.randint(0, largest))
        size = random.randint(1, MOST_REQUESTS)
        yield setting.instance([random.randint(lower, upper) for _ in range(size)])


def setting_of(instance: Instance) -> Setting | None:
    """The lengths and bounds that all requests share, if T12 is stated for the instance."""
    requests = instance.requests
    alike = {(r.prompt_len, r.lower, r.upper, r.arrival) for r in requests}
    if len(alike) != 1 or instance.block_size != 1 or instance.machine != PAPERS_MACHINE:
        return None
    ((prompt_len, lower, upper, arrival),) = alike
    if arrival or upper is None or instance.capacity < prompt_len + upper:
        return None
    setting = Setting(prompt_len, lower, upper, instance.capacity)
    return setting if is_stated_for(setting) else None


def ratio(instance: Instance, policy: Policy) -> Fraction | None:
    """The policy's total latency over the optimum.

    ``None`` if T12 is not stated for the instance, or the policy makes no schedule of it.
    """
    setting = setting_of(instance)
    schedule = None if setting is None else schedule_of(instance, policy, "valid")
    if setting is None or not isinstance(schedule, Schedule):
        return None
    outputs = tuple(sorted(request.output_len for request in instance.requests))
    return Fraction(schedule.total_latency, Hindsight(setting).optimum(outputs))


def beyond_bound(instance: Instance, found: Fraction) -> Finding | None:
    """A finding if a ratio to the optimum is above the bound of T12."""
    bound = ratio_bound(instance.alpha)
    if found <= bound:
        return None
    return Finding(
        "T12",
        "ratio-above-the-bound",
        instance,
        f"the total latency is {found} = {float(found):.3f} times the optimum, and "
        f"a + b·ln(1/α) is {bound:.3f}.",
    )
