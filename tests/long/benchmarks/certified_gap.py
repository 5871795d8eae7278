"""The gap between certified lower bounds and the best schedules, without exact methods.

``python -m tests.long.benchmarks.certified_gap`` prints the Markdown table of
``proofs_notes/certificates.md``; ``--help`` names the flags. Times are processor seconds of one
core unless ``--wall`` is given, so that other programs on the machine do not matter. The real
traces are in the folder that ``AMIN_DATA`` names, as for the tests.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from amin_ref import Instance, Request, check
from amin_ref.workloads import build_instance
from oracle.certificate import verify
from oracle.heuristics.best_schedule import best_schedule
from oracle.prices.ascent import lower_bound
from tests.long.benchmarks.oracle_peers import synthetic_instance
from tests.support.real_data import data_folder

SHARE_FOR_PRICES = 0.15
"""The share of the time that the certificate gets; the schedule gets the rest."""


def from_file(
    path: Path, prompt: str, output: str, count: int, capacity: int, block_size: int = 1
) -> Instance:
    """The first ``count`` rows with both lengths that fit the cache, all arriving in round 0."""
    requests: list[Request] = []
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            prompt_len, output_len = int(row[prompt]), int(row[output])
            fits = prompt_len + output_len <= capacity // block_size * block_size
            if prompt_len > 0 and output_len > 0 and fits:
                requests.append(Request(len(requests), prompt_len, output_len))
            if len(requests) == count:
                break
    return Instance(capacity, tuple(requests), block_size)


def instances(which: str) -> Iterator[tuple[str, Instance]]:
    """Named instances whose names begin with ``which``."""
    lmsys = data_folder() / "lmsys_chat_lengths.csv"
    azure = data_folder() / "AzureLLMInferenceTrace_conv.csv"
    columns = ("question_length", "answer_length")
    if "lmsys".startswith(which):
        yield "lmsys, n = 2000, M = 16492", from_file(lmsys, *columns, 2000, 16_492)
        yield "lmsys, n = 2000, M = 16492, B = 16", from_file(lmsys, *columns, 2000, 16_492, 16)
    if "azure".startswith(which):
        columns = ("ContextTokens", "GeneratedTokens")
        yield "azure, n = 2000, M = 65536", from_file(azure, *columns, 2000, 65_536)
    if "embedded".startswith(which):
        for name, capacity in (("chat", 16_492), ("conversation", 65_536)):
            instance = build_instance(
                name, requests=2000, capacity=capacity, prediction="exact"
            ).instance
            yield f"embedded {name}, n = 2000, M = {capacity}", instance
    if "synthetic".startswith(which):
        for count in (10, 20, 50):
            for seed in range(3):
                yield f"synthetic, n = {count}, seed {seed}", synthetic_instance(count, seed)


def measured(instance: Instance, seconds: float) -> tuple[int, int, int, float]:
    """Lower and upper bound, the size of the certificate, and the seconds to verify it."""
    certificate = lower_bound(instance, SHARE_FOR_PRICES * seconds)
    began = time.process_time()
    lower = verify(instance, certificate)
    took = time.process_time() - began
    schedule = best_schedule(instance, (1 - SHARE_FOR_PRICES) * seconds, certificate=certificate)
    broken = check(schedule)
    if broken:
        raise AssertionError(broken)
    return lower, schedule.total_latency, len(certificate.to_json()), took


def main() -> None:
    """Print one row for each instance, as soon as it is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each instance")
    parser.add_argument("--only", default="", help="lmsys, azure, embedded, synthetic")
    parser.add_argument("--wall", action="store_true", help="wall-clock instead of processor time")
    given = parser.parse_args()
    clock = time.monotonic if given.wall else time.process_time
    print("| instance | seconds | lower | upper | gap | verify, s | certificate, bytes |")
    print("|---|---|---|---|---|---|---|")
    with patch("oracle.deadline.time.monotonic", clock):
        for name, instance in instances(given.only):
            lower, upper, size, took = measured(instance, given.seconds)
            gap = f"{(upper - lower) / lower:.2%}"
            row = (name, f"{given.seconds:g}", lower, upper, gap, f"{took:.2f}", size)
            print(f"| {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
