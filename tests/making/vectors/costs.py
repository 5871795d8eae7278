"""The measured cost of each bug: latency compared with the sound policy, and excess memory."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from amin_ref import Decision, Instance, Policy, RequestId, RevealedRequest, VisibleRequest
from amin_ref.vectors import VectorPolicy
from amin_ref.workloads import AtOnce, Bins, Poisson, Rough, build_instance
from tests.making.vectors.flags import FLAGS, Flag, broken_implementations
from tests.making.vectors.implementation import OURS, Implementation
from tests.making.vectors.judging import POLICY_CLASSES
from tests.models.naive import held

REQUESTS = 300
CAPACITY = 4100
MOST_ROUNDS = 30_000


def workloads() -> dict[str, Instance]:
    """Random chats under the two conditions for which costs are stated."""
    kinds = (Bins(10), AtOnce(), 16), (Rough(1, 1000), Poisson(Decimal("0.15")), 1)
    at_once, trickling = (
        build_instance(
            "chat",
            requests=REQUESTS,
            capacity=CAPACITY,
            block_size=block_size,
            prediction=prediction,
            arrivals=arrivals,
        ).instance
        for prediction, arrivals, block_size in kinds
    )
    return {
        "all at once, predicted in ten bins, B = 16": at_once,
        "0.15 a round, predicted [1, 1000], B = 1": trickling,
    }


CONDITIONS = f"{REQUESTS} chats, M = {CAPACITY}"


@dataclass(frozen=True)
class Figures:
    """The result of a scheduler on a workload.

    Attributes:
        total_latency: request·rounds; ``None`` when some request never completes.
        excess: the most tokens that it holds beyond the capacity in a round.
    """

    total_latency: int | None
    excess: int


def costs() -> dict[str, str]:
    """The cost of every flag's bug."""
    with ProcessPoolExecutor() as executor:
        return {
            flag.name: cost for flag, cost in zip(FLAGS, executor.map(cost_of, FLAGS), strict=True)
        }


def cost_of(flag: Flag) -> str:
    """The cost of a flag's bug, in a sentence, measured with its first implementation."""
    if flag.cost is not None:
        return f"{flag.cost[0].upper()}{flag.cost[1:]}."
    parts, excess = [], 0
    for implementation in islice(broken_implementations(flag), 1):
        for name, instance in workloads().items():
            own = figures(OURS, flag.policy, instance)
            found = figures(implementation, flag.policy, instance)
            excess = max(excess, found.excess)
            parts.append(f"{_change(own, found)} ({name})")
    return _sentence(parts, excess)


def _sentence(parts: Sequence[str], excess: int) -> str:
    memory = f"; holds up to {excess} tokens more than there are" if excess else ""
    return f"{CONDITIONS}: total latency {', '.join(parts)}{memory}."


def _change(own: Figures, other: Figures) -> str:
    if other.total_latency is None:
        return "without end"
    assert own.total_latency is not None
    return f"{100 * (other.total_latency / own.total_latency - 1):+.1f} %"


def figures(implementation: Implementation, policy: VectorPolicy, instance: Instance) -> Figures:
    """Simulate; if the simulator refuses a decision, run an engine that refuses none."""
    core = implementation.core
    copy = core.Instance.from_json(instance.to_json())
    try:
        made = core.simulate(copy, _scheduler(implementation, policy), max_rounds=MOST_ROUNDS)
    except Exception:  # noqa: BLE001 - refused by the machine, or broken down
        return Engine(implementation, policy, instance).run()
    return Figures(int(made.total_latency), 0)


def _scheduler(implementation: Implementation, policy: VectorPolicy) -> Policy:
    if implementation.scheduler is not None:
        return implementation.scheduler()
    # A policy of a copy has the same methods as one of the package.
    made: Policy = getattr(implementation.core, POLICY_CLASSES[policy])()
    return made


class Engine:
    """Carries out every decision, also one that overflows, and measures the tokens held."""

    def __init__(
        self, implementation: Implementation, policy: VectorPolicy, instance: Instance
    ) -> None:
        self._instance = instance
        self._scheduler = _scheduler(implementation, policy)
        # Not by isinstance: the base class of a copy's policy is the copy's own.
        is_told = policy in ("h-sf", "svf", "mc-benchmark")
        self._sees: type[VisibleRequest] = RevealedRequest if is_told else VisibleRequest
        self._generated: dict[RequestId, int] = {}
        self._completions: dict[RequestId, int] = {}
        self._excess = 0

    def run(self) -> Figures:
        """All rounds until every request has completed or MOST_ROUNDS have passed."""
        instance = self._instance
        self._scheduler.begin(instance.capacity, instance.block_size)
        completed: list[RequestId] = []
        for now in range(MOST_ROUNDS):
            arrived = [
                self._sees.of(request, position)
                for position, request in enumerate(instance.requests)
                if request.arrival == now
            ]
            try:
                decision = self._scheduler.decide(now, arrived, completed)
            except Exception:  # noqa: BLE001 - what is broken may break down
                break
            completed = self._round(now, decision)
            if len(self._completions) == len(instance.requests):
                latency = sum(self._completions[r.id] - r.arrival for r in instance.requests)
                return Figures(latency, self._excess)
        return Figures(None, self._excess)

    def _round(self, now: int, decision: Decision) -> list[RequestId]:
        by_id = self._instance.by_id
        for request in decision.evict:
            self._generated.pop(request, None)
        for request in decision.admit:
            if request not in self._completions:
                self._generated[request] = 0
        for request in self._generated:
            self._generated[request] += 1
        holds = sum(
            held(by_id[i].prompt_len, tokens, self._instance.block_size)
            for i, tokens in self._generated.items()
        )
        self._excess = max(self._excess, holds - self._instance.capacity)
        done = [i for i, tokens in self._generated.items() if tokens == by_id[i].output_len]
        for request in done:
            del self._generated[request]
            self._completions[request] = now + 1
        return done
