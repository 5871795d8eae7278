"""The optimum where evicted requests keep their tokens, by trying every set in every round.

Written from section 7 of the specification alone: no lemma, no bound, sets that are not maximal.
"""

from __future__ import annotations

import math
import random
from functools import cache
from itertools import combinations

from amin_ref import Instance, Machine, Request


def held(instance: Instance, request: Request, token: int) -> int:
    """Tokens that the request occupies in the round of its ``token``-th token."""
    stored = request.prompt_len + token - (not instance.machine.last_token_stored)
    return instance.block_size * -(-stored // instance.block_size)


def naive_resume_optimum(instance: Instance) -> int:
    """The least total latency of any schedule whose requests keep their tokens."""
    requests = instance.requests
    horizon = max((r.arrival for r in requests), default=0) + sum(r.output_len for r in requests)

    @cache
    def least(now: int, tokens: tuple[int, ...]) -> float:
        if all(done == r.output_len for done, r in zip(tokens, requests, strict=True)):
            return 0
        if now > horizon:
            return math.inf
        here = [i for i, r in enumerate(requests) if r.arrival <= now and tokens[i] < r.output_len]
        best = math.inf
        for number in range(len(here) + 1):
            for chosen in combinations(here, number):
                needed = sum(held(instance, requests[i], tokens[i] + 1) for i in chosen)
                if needed <= instance.capacity:
                    after = tuple(done + (i in chosen) for i, done in enumerate(tokens))
                    best = min(best, len(here) + least(now + 1, after))
        return best

    return int(least(0, (0,) * len(requests)))


def random_resume_instance(rng: random.Random, most: int = 5) -> Instance:
    """Up to ``most`` requests, a quarter of them alike, in blocks of 1 to 4; half with arrivals."""
    stored = rng.random() < 0.5
    block_size = rng.choice((1, 1, 2, 3, 4))
    capacity = rng.randint(max(6, block_size), 18)
    room = capacity // block_size * block_size + (not stored)
    count = rng.randint(1, most)
    latest = rng.choice((0, 8))
    requests: list[Request] = []
    for number in range(count):
        if requests and rng.random() < 0.25:
            twin = requests[-1]
            requests.append(Request(number, twin.prompt_len, twin.output_len, arrival=twin.arrival))
            continue
        prompt_len = rng.randint(1, max(1, min(room - 1, 9)))
        output_len = rng.randint(1, min(6 if count < 5 else 4, room - prompt_len))
        requests.append(Request(number, prompt_len, output_len, arrival=rng.randint(0, latest)))
    machine = Machine(after_eviction="resume", last_token_stored=stored)
    return Instance(capacity, requests, block_size, machine)
