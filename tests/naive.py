"""Amin by brute force: every round from scratch, written from the specification alone.

It shares nothing with the implementation but the values: no plan, no heap, no cache, no rounding.
"""

from __future__ import annotations

from collections.abc import Mapping

from amin_ref import Instance, Request, RequestId, Run, Schedule


def held(request: Request, tokens: int, block_size: int) -> int:
    """Tokens that a request occupies once it has generated ``tokens``."""
    blocks = 0
    while blocks * block_size < request.prompt_len + tokens:
        blocks += 1
    return blocks * block_size


def naive_amin(instance: Instance, rank: Mapping[RequestId, float]) -> Schedule:
    """Section 3 of the specification; ``rank`` breaks ties."""
    known = {request.id: request for request in instance.requests}
    bound = {request.id: request.lower for request in instance.requests}
    waiting: set[RequestId] = set()
    generated: dict[RequestId, int] = {}
    runs: list[Run] = []
    completed: set[RequestId] = set()

    def in_order(ids: set[RequestId]) -> list[RequestId]:
        return sorted(ids, key=lambda i: (bound[i], rank[i]))

    def total_after(rounds: int, more: Mapping[RequestId, int]) -> int:
        """Tokens held ``rounds`` rounds from now by those who have so many tokens still to come."""
        return sum(
            held(known[i], generated[i] + rounds + 1, instance.block_size)
            for i in more
            if more[i] > rounds
        )

    def fits() -> bool:
        more = {i: max(1, bound[i] - generated[i]) for i in generated}
        horizon = max(more.values(), default=0)
        return all(total_after(k, more) <= instance.capacity for k in range(horizon))

    now = 0
    while len(completed) < len(known):
        # 1. Arrive.
        waiting |= {i for i in known if known[i].arrival == now}
        # 2. Refine.
        for i in generated:
            bound[i] = max(bound[i], generated[i])
        # 3. Evict.
        evicted = set()
        for i in in_order(set(generated)):
            if total_after(0, dict.fromkeys(generated, 1)) <= instance.capacity:
                break
            runs.append(Run(i, now - generated.pop(i), now, "evicted"))
            evicted.add(i)
        # 4. Admit.
        for i in in_order(waiting):
            generated[i] = 0
            if not fits():
                del generated[i]
                break
            waiting.remove(i)
        waiting |= evicted
        # 5. Generate.
        for i in list(generated):
            generated[i] += 1
            if generated[i] == known[i].output_len:
                runs.append(Run(i, now + 1 - generated.pop(i), now + 1, "completed"))
                completed.add(i)
        now += 1
    return Schedule(instance, tuple(runs))
