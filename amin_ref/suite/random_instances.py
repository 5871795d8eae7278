"""Small random instances, without Hypothesis: a hundred thousand of them take seconds.

They resemble those of :func:`amin_ref.strategies.instances`: few requests, a tight cache, equal
lengths, and predictions far too low. On such instances the cache overflows, requests are evicted,
and bounds are tied.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from amin_ref.model.blocks import occupied
from amin_ref.model.instance import Instance
from amin_ref.model.machine import PAPERS_MACHINE, Machine
from amin_ref.model.request import Request
from amin_ref.model.validation import RequestId

MOST_REQUESTS = 7
"""Requests of an instance: few enough that a failure can be followed by hand."""

LONGEST_PROMPT = 4
"""Tokens; short, so that generated tokens make up most of what a request holds."""

LONGEST_OUTPUT = 9
"""Tokens; short, so that equal lengths and ties are common."""

BLOCK_SIZES = (1, 1, 1, 2, 4)
"""Block sizes to choose from; most instances have the paper's blocks of one token."""

LATEST_ARRIVALS = (0, 0, 3, 12)
"""One of these is the last round in which a request may arrive; in half of the instances all
requests arrive at once."""

LOWEST_SHARE = 0.4
"""Share of the instances in which every predicted lower bound is 1: those evict most."""

NUMBERED_SHARE = 0.1
"""Share of the instances whose ids are ints; the others have letters."""


def small_instances(
    examples: int, seed: int, machine: Machine = PAPERS_MACHINE
) -> Iterator[Instance]:
    """Random instances, ``examples`` of them; the same seed gives the same requests and caches.

    What fits the paper's machine fits every machine with the same cache.
    """
    random = Random(seed)
    for _ in range(examples):
        yield replace(small_instance(random), machine=machine)


def small_instance(random: Random) -> Instance:
    """One random instance; its capacity is one to three times what the largest request needs."""
    block_size = random.choice(BLOCK_SIZES)
    longest_prompt = LONGEST_PROMPT + (block_size if block_size > 1 else 0)
    equal_prompts = random.choice((None, random.randint(1, longest_prompt)))
    lowest = random.random() < LOWEST_SHARE
    latest = random.choice(LATEST_ARRIVALS)
    numbered = random.random() < NUMBERED_SHARE
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
    """The same instance with new random output lengths, within predictions and cache.

    A scheduler that does not see output lengths cannot tell the two apart before a completion.
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
