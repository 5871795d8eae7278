"""A user's program, type-checked under ``mypy --strict`` against the installed package."""

from collections.abc import Sequence

import amin_ref
from amin_ref import (
    Amax,
    Amin,
    Comparison,
    Decision,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Policy,
    Request,
    RequestId,
    Schedule,
    SeedComparison,
    Shuffled,
    VisibleRequest,
    check,
    compare,
    compare_seeds,
    simulate,
)


class OneByOne(Policy):
    """The simplest scheduler: one request at a time, in order of arrival."""

    def begin(self, capacity: int, block_size: int) -> None:
        self.waiting: list[RequestId] = []
        self.running = 0

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        self.waiting += [request.id for request in arrived]
        self.running -= len(completed)
        if self.running or not self.waiting:
            return Decision()
        self.running = 1
        return Decision(admit=(self.waiting.pop(0),))


instance = Instance(
    capacity=40,
    requests=(
        Request(id="a", prompt_len=3, output_len=5, lower=1, upper=10, arrival=0),
        Request(id=2, prompt_len=8, output_len=20, lower=2),
        Request(id="c", prompt_len=8, output_len=10, lower=2, arrival=4),
    ),
)
total: int = 0
for policy in (
    Amin(Shuffled(1)),
    Amax(),
    HindsightShortestFirst(),
    FirstComeFirstServed(),
    OneByOne(),
):
    schedule: Schedule = simulate(instance, policy)
    assert check(schedule) == ()
    assert Schedule.from_json(schedule.to_json()) == schedule
    total += schedule.total_latency
generated = Instance(40, (request for request in instance.requests))
assert generated == Instance(40, list(instance.requests)) == instance
lengths = Instance.from_lengths([(3, 5), (8, 20)], capacity=40, arrivals=range(2))
assert simulate(lengths, "amin") == simulate(lengths, Amin())
chat_instance: Instance = amin_ref.workloads.build_instance(
    "chat", requests=3, capacity=9000, prediction=amin_ref.workloads.Exact()
).instance
total += simulate(chat_instance, "h-sf").total_latency
comparison: Comparison = compare(instance, ["amin", Amax, OneByOne, FirstComeFirstServed()])
best: float = min(row.mean_latency for row in comparison.rows)
assert comparison.schedules["OneByOne"] == simulate(instance, OneByOne())
assert len(str(compare(instance, {"mine": OneByOne, "amin": Amin(Shuffled(1))}, 9))) > 0
over_seeds: SeedComparison = compare_seeds(
    lambda seed: Instance.from_lengths([(3, 5 + seed), (8, 20)], capacity=40), "amin,fcfs", 2
)
supported: list[bool] = [each.is_supported for each in over_seeds.differences()]
print(f"{amin_ref.__name__} {amin_ref.__version__}: {total} request·rounds")
