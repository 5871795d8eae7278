"""Small random instances, drawn by the hundred thousand.

They are of the kind that :func:`amin_ref.strategies.instances` draws (few requests, a tight cache,
equal lengths, predictions far too low), without Hypothesis and what it costs for each.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from amin_ref.model.blocks import occupied
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.validation import RequestId

MOST_REQUESTS = 7
LONGEST_PROMPT = 4
LONGEST_OUTPUT = 9
BLOCK_SIZES = (1, 1, 1, 2, 4)
LATEST_ARRIVALS = (0, 0, 3, 12)
"""The last round in which a request of an instance may arrive is drawn from these."""


def small_instances(examples: int, seed: int) -> Iterator[Instance]:
    """So many random instances, the same for the same seed."""
    random = Random(seed)
    for _ in range(examples):
        yield small_instance(random)


def small_instance(random: Random) -> Instance:
    """One random instance: its cache fits the largest request, and at most twice as much more."""
    block_size = random.choice(BLOCK_SIZES)
    longest_prompt = LONGEST_PROMPT + (block_size if block_size > 1 else 0)
    equal_prompts = random.choice((None, random.randint(1, longest_prompt)))
    lowest = random.random() < 0.4
    latest = random.choice(LATEST_ARRIVALS)
    numbered = random.random() < 0.1
    requests: list[Request] = []
    for position in range(random.randint(1, MOST_REQUESTS)):
        lower, output_len = sorted(
            (random.randint(1, LONGEST_OUTPUT), random.randint(1, LONGEST_OUTPUT))
        )
        name: RequestId = position if numbered else string.ascii_lowercase[position]
        requests.append(
            Request(
                name,
                equal_prompts or random.randint(1, longest_prompt),
                output_len,
                1 if lowest else lower,
                random.choice((None, output_len + random.randint(0, LONGEST_OUTPUT))),
                random.randint(0, latest) if latest else 0,
            )
        )
    largest = max(
        occupied(request.prompt_len + request.output_len, block_size) for request in requests
    )
    return Instance(largest + random.randint(0, 2 * largest), tuple(requests), block_size)


def twin(instance: Instance, random: Random) -> Instance:
    """The same instance to all who cannot see output lengths: only these are drawn anew.

    Each stays within what was predicted, and within the cache.
    """
    requests = []
    for request in instance.requests:
        most = instance.longest_output(request)
        if request.upper is not None:
            most = min(most, request.upper)
        requests.append(replace(request, output_len=random.randint(request.lower, most)))
    return replace(instance, requests=tuple(requests))


def without_uppers(instance: Instance) -> Instance:
    """The same instance with every upper bound unknown."""
    return replace(
        instance, requests=tuple(replace(request, upper=None) for request in instance.requests)
    )
