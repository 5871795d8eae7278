"""Certified bounds where evicted requests keep their tokens, beside a schedule that is near them.

``python -m tests.long.benchmarks.kept_tokens`` prints the Markdown tables of
``proofs_notes/oracle.md``; ``--help`` names the flags. Times are processor seconds of one core.
The real traces are in the folder that ``AMIN_DATA`` names, as for the tests. The schedule is that
of the smallest remaining volume: each round fills the cache in ascending order of the cache that
requests will still take up, and skips what does not fit; of equal requests the shorter prompt is
first.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from amin_ref import Instance, Machine, Run, Schedule, check
from amin_ref.model.blocks import occupied
from oracle.certificate import verify
from oracle.prices.ascent import lower_bound
from tests.long.benchmarks.certified_gap import from_file
from tests.support.real_data import data_folder

RESUME = Machine(after_eviction="resume")

SEED = 1
"""Of the arrivals."""


def instances(which: str) -> Iterator[tuple[str, Instance]]:
    """Named instances whose names contain ``which``."""
    lmsys = data_folder() / "lmsys_chat_lengths.csv"
    azure = data_folder() / "AzureLLMInferenceTrace_conv.csv"
    questions, contexts = ("question_length", "answer_length"), ("ContextTokens", "GeneratedTokens")
    every = (
        ("LMSYS, M = 16,492, at once", from_file(lmsys, *questions, 2000, 16_492), None),
        (
            "LMSYS, M = 16,480, B = 16, at once",
            from_file(lmsys, *questions, 2000, 16_480, 16),
            None,
        ),
        ("Azure, M = 65,536, at once", from_file(azure, *contexts, 2000, 65_536), None),
        ("LMSYS, M = 16,492, load 0.9", from_file(lmsys, *questions, 2000, 16_492), 0.9),
        ("Azure, M = 65,536, load 0.9", from_file(azure, *contexts, 2000, 65_536), 0.9),
    )
    for name, instance, load in every:
        if which in name:
            kept = replace(instance, machine=RESUME)
            yield name, kept if load is None else with_arrivals(kept, load)


def with_arrivals(instance: Instance, load: float) -> Instance:
    """The requests with Poisson arrivals that take up this share of the cache in the long run."""
    volumes = [sum(remaining(instance, index)) for index in range(len(instance.requests))]
    rate = load * instance.capacity / (sum(volumes) / len(volumes))
    gaps = np.random.default_rng(SEED).exponential(1 / rate, len(volumes))
    rounds = np.floor(np.cumsum(gaps)).astype(int)
    arrivals = (rounds - rounds[0]).tolist()
    requests = zip(instance.requests, arrivals, strict=True)
    moved = tuple(replace(request, arrival=arrival) for request, arrival in requests)
    return replace(instance, requests=moved)


def remaining(instance: Instance, index: int) -> list[int]:
    """What the request occupies in the round of each of its tokens."""
    request = instance.requests[index]
    tokens = range(1, request.output_len + 1)
    held = instance.machine.held
    return [occupied(held(request.prompt_len + a), instance.block_size) for a in tokens]


def smallest_remaining_volume(instance: Instance) -> Schedule:
    """The schedule of the smallest remaining volume; ties by prompt length, then by position."""
    requests = instance.requests
    held = [remaining(instance, index) for index in range(len(requests))]
    left = [sum(each) for each in held]
    tokens = [0] * len(requests)
    rounds: list[list[int]] = [[] for _ in requests]
    arriving = sorted(range(len(requests)), key=lambda index: -requests[index].arrival)
    present: list[int] = []
    now = 0
    while arriving or present:
        while arriving and requests[arriving[-1]].arrival <= now:
            present.append(arriving.pop())
        present.sort(key=lambda index: (left[index], requests[index].prompt_len, index))
        free = instance.capacity
        for index in present:
            needed = held[index][tokens[index]]
            if needed <= free:
                free -= needed
                left[index] -= needed
                tokens[index] += 1
                rounds[index].append(now)
        present = [index for index in present if left[index]]
        now += 1
    runs: list[Run] = []
    for request, found in zip(requests, rounds, strict=True):
        ends = [a for a, b in pairwise(found) if b > a + 1]
        starts = [found[0], *(b for a, b in pairwise(found) if b > a + 1)]
        runs += [
            Run(request.id, start, end + 1, "evicted")
            for start, end in zip(starts, ends, strict=False)
        ]
        runs.append(Run(request.id, starts[-1], found[-1] + 1, "completed"))
    return Schedule(instance, tuple(runs))


def main() -> None:
    """Print one row for each instance, as soon as it is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60.0, help="for the prices")
    parser.add_argument("--only", default="", help="a part of the name of an instance")
    given = parser.parse_args()
    print("| instance | lower | SRV | gap | prices, s | verify, s | prices fall |")
    print("|---|--:|--:|--:|--:|--:|---|", flush=True)
    for name, instance in instances(given.only):
        began = time.process_time()
        certificate = lower_bound(instance, given.seconds, clock=time.process_time)
        priced = time.process_time()
        lower = verify(instance, certificate)
        verified = time.process_time()
        schedule = smallest_remaining_volume(instance)
        if broken := check(schedule):
            raise AssertionError(broken)
        upper = schedule.total_latency
        row = (
            f"{name} | {lower:,} | {upper:,} | {(upper - lower) / lower:.2%} | "
            f"{priced - began:.1f} | {verified - priced:.2f} | "
            f"{'yes' if certificate.falling else 'no'}"
        )
        print(f"| {row} |", flush=True)


if __name__ == "__main__":
    main()
