"""What reading and checking a log of a million lines costs.

Run ``python -m tests.long.benchmarks.logs``. The log is that of a made-up engine that resumes,
pauses and evicts.
"""

from __future__ import annotations

import io
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from amin_ref import Machine
from amin_ref.logs import LogWriter

LINES = 10**6
"""Lines of the log, within the lines of a round."""

MOST_RUNNING = 64
"""Requests that run at the same time."""

MOST_SECONDS = 30
"""Processor seconds that reading and checking may take."""


def log_of_a_made_up_engine(lines: int, seed: int) -> str:
    """About this many lines. Every decision is random; the cache is large enough."""
    random_number = random.Random(seed)
    stream = io.StringIO()
    machine = Machine(after_eviction="resume", last_token_stored=False)
    writer = LogWriter(stream, capacity=10**5, block_size=16, machine=machine)
    waiting: list[tuple[str, int]] = []
    left: dict[str, int] = {}
    arrived, now, written = 0, 0, 1
    while written < lines:
        for _ in range(random_number.randint(0, 2)):
            arrived += 1
            name = f"request-{arrived}"
            writer.arrive(now, name, random_number.randint(1, 300))
            waiting.append((name, random_number.randint(1, 100)))
            written += 1
        if left and random_number.random() < 0.2:
            name = random_number.choice(list(left))
            writer.evict(now, name)
            waiting.append((name, left.pop(name)))
            written += 1
        while waiting and len(left) < MOST_RUNNING:
            name, output_len = waiting.pop(0)
            writer.start(now, name)
            left[name] = output_len
            written += 1
        computed = {name: writer.left(name) for name in left}
        paused = random_number.choice(list(left)) if left and random_number.random() < 0.7 else None
        if paused is not None:
            computed[paused] = 0
            written += 1
        writer.computed(now, computed)
        for name in list(left):
            left[name] -= name != paused
            if left[name] == 0:
                del left[name]
                writer.complete(now, name)
                written += 1
        now += 1
    writer.end(now)
    return stream.getvalue()


def main() -> None:
    """Measure, and fail if it takes too long."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "engine.jsonl"
        text = log_of_a_made_up_engine(LINES, seed=1)
        file.write_text(text, encoding="utf-8")
        words = [sys.executable, "-m", "amin_ref", "-q", "check", str(file)]
        subprocess.run(words, check=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime
    print(
        f"{text.count(chr(10)):,} lines, {len(text) / 1e6:.0f} MB: {seconds:.1f} processor seconds"
    )
    if seconds > MOST_SECONDS:
        raise SystemExit(f"more than {MOST_SECONDS} processor seconds")


if __name__ == "__main__":
    main()
