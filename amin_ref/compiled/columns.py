"""An instance and a policy as arrays of numbers, for the compiled simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amin_ref.compiled.refusal import LARGEST_INT64, LONGEST, NotCompiled, Numbers
from amin_ref.model.blocks import longest_output, volume
from amin_ref.model.instance import Instance
from amin_ref.model.machine import PAPERS_MACHINE
from amin_ref.policies.amin import Amin
from amin_ref.policies.first_come import FirstComeFirstServed
from amin_ref.policies.mc_benchmark import MCBenchmark
from amin_ref.policies.policy import ClairvoyantPolicy, Policy, VisibleRequest
from amin_ref.policies.reserving import Amax, HindsightShortestFirst
from amin_ref.policies.shortest_predicted import ShortestPredictedFirst
from amin_ref.policies.smallest_volume import SmallestVolumeFirst
from amin_ref.policies.ties import ByPosition, Ranking, Shuffled, TieBreak

ON_EVERY_MACHINE = (Amin, Amax, HindsightShortestFirst, FirstComeFirstServed)
"""The policies that are compiled for the machines of serving engines, too."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """An instance under a policy. Index k is the request of tie-break rank k; shapes ``(n,)``.

    Attributes:
        positions: the request's place in the instance.
        prompts: s; tokens.
        outputs: o; tokens.
        arrivals: r; rounds.
        assumed: the output length that the policy assumes at first; tokens.
        newest_first: whether the policy evicts as FCFS, or as Amin.
        by_rank: whether requests wait in order of rank, or of assumed length, then rank.
    """

    positions: Numbers
    prompts: Numbers
    outputs: Numbers
    arrivals: Numbers
    assumed: Numbers
    newest_first: bool
    by_rank: bool


def columns_of(instance: Instance, policy: Policy | ClairvoyantPolicy) -> Columns:
    """The columns of an instance under a policy.

    Raises:
        NotCompiled: the policy, its tie-break or the machine is not known here, or a number is too
            large.
    """
    if instance.machine != PAPERS_MACHINE and type(policy) not in ON_EVERY_MACHINE:
        raise NotCompiled(
            f"the policy {type(policy).__name__} is compiled for the paper's machine alone"
        )
    if not instance.requests:
        raise NotCompiled("there are no requests")
    if instance.block_size > LONGEST:
        raise NotCompiled(f"blocks have more than {LONGEST} tokens")
    requests = instance.requests
    outputs, arrivals = instance.columns.outputs, instance.columns.arrivals
    by_rank = type(policy) in (SmallestVolumeFirst, MCBenchmark)
    ranks = _ranks(instance, policy)
    # The first key is the last of these: numpy sorts by the last one first.
    keys = [ranks] if ranks is not None else []
    if type(policy) in (FirstComeFirstServed, MCBenchmark):
        keys.append(arrivals)
    elif isinstance(policy, ShortestPredictedFirst):
        keys.append(instance.columns.lowers)
    elif isinstance(policy, SmallestVolumeFirst):
        keys.append(_volumes(instance))
    positions: Numbers = np.lexsort(keys) if keys else np.arange(len(requests), dtype=np.int64)
    assumed = _assumed(instance, policy, outputs)
    longest = max(int(assumed.max()), int(outputs.max()))
    if longest > LONGEST:
        raise NotCompiled(f"an output has more than {LONGEST} tokens")
    if (longest + 1) * len(requests) > LARGEST_INT64:
        raise NotCompiled("there are too many requests for outputs of this length")
    return Columns(
        positions,
        instance.columns.prompts[positions],
        outputs[positions],
        arrivals[positions],
        assumed[positions],
        isinstance(policy, FirstComeFirstServed),
        by_rank,
    )


def _assumed(instance: Instance, policy: Policy | ClairvoyantPolicy, outputs: Numbers) -> Numbers:
    """The output length that the policy assumes of each request by position; tokens.

    Raises:
        NotCompiled: the policy is none of those that are compiled. Subclasses are not, because
            they may change any rule.
    """
    kind = type(policy)
    requests = instance.requests
    # The longest output that fits is a difference: that of no prompt, less the prompt.
    unprompted = longest_output(instance.machine.held(0), instance.capacity, instance.block_size)
    most = unprompted - instance.columns.prompts
    if kind is Amin:
        return np.minimum(instance.columns.lowers, most)
    if kind is Amax:
        uppers = instance.columns.uppers
        return np.where(uppers > 0, np.minimum(uppers, most), most)
    if kind in (HindsightShortestFirst, MCBenchmark):
        return outputs
    if isinstance(policy, SmallestVolumeFirst) and kind is SmallestVolumeFirst:
        if policy.check == "peak":
            raise NotCompiled("the policy is SVF with the peak check")
        return outputs
    if kind in (FirstComeFirstServed, ShortestPredictedFirst):
        return np.ones(len(requests), dtype=np.int64)
    raise NotCompiled(f"the policy {kind.__name__} is not compiled")


def _volumes(instance: Instance) -> Numbers:
    """The rank of each request's volume Σ_{a=1..o} occ(a) among the volumes, by position."""
    volumes = [
        volume(request.prompt_len, request.output_len, instance.block_size)
        for request in instance.requests
    ]
    # They may need more than 64 bits, their ranks do not.
    ranks = {value: rank for rank, value in enumerate(sorted(set(volumes)))}
    return np.array([ranks[value] for value in volumes], dtype=np.int64)


def _ranks(
    instance: Instance, policy: Policy | ClairvoyantPolicy
) -> Numbers | NDArray[np.float64] | None:
    """The tie-break rank of each request by position; ``None``: by position.

    Raises:
        NotCompiled: the policy has no tie-break, or one that is not of this package.
    """
    ties: object = getattr(policy, "ties", None)
    if type(ties) is ByPosition:
        return None
    if type(ties) not in (Shuffled, Ranking) or not isinstance(ties, TieBreak):
        raise NotCompiled("the policy's tie-break is not of this package")
    visible = (VisibleRequest.of(each, position) for position, each in enumerate(instance.requests))
    if isinstance(ties, Ranking):
        known = set(ties.ids)
        if any(request.id not in known for request in instance.requests):
            raise NotCompiled("the policy's tie-break does not rank every request")
    return np.array([ties.rank(request) for request in visible], dtype=np.float64)
