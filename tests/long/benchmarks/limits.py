"""The time and memory of every command that reads a file, for inputs of a megabyte.

``python -m tests.long.benchmarks.limits`` prints the table of ``proofs_notes/limits.md``. Each case
is the costliest of its kind that was found. The exit status is 1 if a case takes longer than two
seconds or more than 200 MB without a sentence about it on standard error.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 10**6
SECONDS, MEGABYTES = 2.0, 200
"""Time and memory up to which no sentence is needed."""

PATIENCE = 3.0
"""Processor seconds after which a case is ended; by then its sentence must be printed."""

LONGEST = 60.0
"""Seconds after which a case is ended on any machine."""

LARGEST = 2**53 - 1
"""The largest number in a document."""

Document = dict[str, object]


@dataclass(frozen=True)
class Case:
    """An input and the command that reads it.

    Attributes:
        name: what the input is.
        command: the command's words; the file is appended.
        data: the input.
        after: words after the file.
    """

    name: str
    command: Sequence[str]
    data: bytes
    after: Sequence[str] = ()


def dumped(document: object) -> bytes:
    """A document as compact JSON."""
    return json.dumps(document, separators=(",", ":")).encode()


def instance(capacity: int, lengths: Sequence[tuple[int, int]], **more: int) -> Document:
    """An instance of requests with these prompt and output lengths and the ids 0, 1, 2, …"""
    requests = [
        {"id": number, "prompt_len": prompt_len, "output_len": output_len, **more}
        for number, (prompt_len, output_len) in enumerate(lengths)
    ]
    return {"capacity": capacity, "requests": requests}


def schedule(of: Document, runs: Sequence[tuple[int, int, int, str]]) -> bytes:
    """A schedule as one document."""
    written = [
        {"request": request, "start": start, "stop": stop, "outcome": outcome}
        for request, start, stop, outcome in runs
    ]
    return dumped({"format": "amin-ref/schedule", "version": 1, "instance": of, "runs": written})


def workload(of: Document) -> bytes:
    """An instance as a document."""
    return dumped({"format": "amin-ref/instance", "version": 1, **of})


def certificate(of: Document, denominator: int, stretches: Sequence[Document]) -> bytes:
    """A certificate."""
    kind = {"format": "amin-ref/certificate", "version": 1, "instance": of}
    return dumped({**kind, "denominator": denominator, "stretches": stretches})


def filling(size: Callable[[int], bytes]) -> bytes:
    """The input of a little less than a megabyte that ``size`` makes of some number of items."""
    trial = 1000
    number = trial * MEGABYTE // len(size(trial))
    while len(found := size(number)) > MEGABYTE:
        number -= 1 + number // 50
    return found


def at_once(count: int, **more: int) -> bytes:
    """Requests that all start in round 0; each runs one round longer than the one before."""
    lengths = [(1, 1000 + number) for number in range(count)]
    runs = [(number, 0, 1000 + number, "completed") for number in range(count)]
    return schedule({**instance(LARGEST, lengths), **more}, runs)


def one_by_one(count: int) -> bytes:
    """Requests that run one after the other."""
    runs = [(number, number, number + 1, "completed") for number in range(count)]
    return schedule(instance(2, [(1, 1)] * count), runs)


def evicted_again(count: int) -> bytes:
    """One request that is evicted in every second round."""
    runs = [(0, 2 * number, 2 * number + 1, "evicted") for number in range(count)]
    last = 2 * count
    return schedule(instance(9, [(1, 2)]), [*runs, (0, last, last + 2, "completed")])


def never_completed(count: int) -> bytes:
    """Overlapping evicted runs of requests that never complete."""
    runs = [(number, 2 * number, 2 * count + 2, "evicted") for number in range(count)]
    return schedule(instance(2 * LARGEST // 2, [(1, 4 * count + 9)] * count), runs)


def one_long(lower: int, output_len: int = 2**50) -> bytes:
    """One long request, and a short one that waits for it."""
    of = instance(2**51, [(1, output_len)], lower=lower)
    more = {"id": "s", "prompt_len": 2**51 - 9, "output_len": 4, "lower": 4}
    of["requests"] = [*iter_of(of["requests"]), more]
    last = (1, 0, 0, "completed")
    text = schedule(of, [(0, 0, output_len, "completed"), last])
    document = json.loads(text)
    document["runs"][1] = {
        "request": "s",
        "start": output_len,
        "stop": output_len + 4,
        "outcome": "completed",
    }
    return dumped(document)


def iter_of(value: object) -> Sequence[object]:
    """The items of a list in a document."""
    assert isinstance(value, list)
    return value


def many_kinds(count: int, wide: bool = False, capacity: int = 2**20, shares: int = 0) -> bytes:
    """A certificate with many kinds of requests, and several priced rounds for each kind."""
    lengths = [(1 + number % 100, 2 + number // 100) for number in range(count)]
    price = LARGEST if wide else 1
    prices = [price] * (count * 4 if wide else count * 20)
    priced: Document = {"first_round": 0, "multipliers": prices}
    if shares:
        fields = {"places": 1, "most": 9, "ignored": 0, "lead": 5, "multipliers": prices}
        priced["shares"] = [fields] * shares
    return certificate(instance(capacity, lengths), LARGEST if wide else 10, [priced])


def trace(count: int) -> bytes:
    """A trace in Azure's form, one second between requests."""
    rows = [
        f"2024-05-10 {number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000000,9,9"
        for number in range(count)
    ]
    return "\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows, ""]).encode()


def trace_lines(count: int) -> bytes:
    """A trace in Mooncake's form, one second between requests."""
    row = '{"timestamp": %d, "input_length": 9, "output_length": 9}\n'
    return "".join(row % (1000 * number) for number in range(count)).encode()


def mixed(count: int) -> Document:
    """An instance of requests that are all different."""
    return instance(2**20, [(1 + number % 100, 2 + number // 100) for number in range(count)])


def mixed_one_by_one(count: int) -> bytes:
    """Different requests that run one after the other although many fit."""
    runs, now = [], 0
    for number in range(count):
        stop = now + 2 + number // 100
        runs.append((number, now, stop, "completed"))
        now = stop
    return schedule(mixed(count), runs)


SHORT_CLAIM = (
    *("claims", "--quick", "--claim", "C6", "--requests", "20"),
    *("--seeds", "2", "--workers", "1"),
)
SHORT_RATIO = (
    *("worst-case", "--prompt", "1", "--lower", "1", "--upper", "2"),
    *("--capacity", "4", "--requests", "3"),
)
"""Commands that end soon if their file costs nothing."""

DRIVEN = ("--", sys.executable, "-m", "tests.support.stdin_policy", "amin_ref:Amin")
"""The program to be driven: Amin, in another process."""


def other_cases() -> Iterator[Case]:
    """Cases of the commands that simulate, search or draw."""
    instances = {
        "requests that all fit": filling(lambda n: workload(instance(LARGEST, [(1, 9)] * n))),
        "requests one at a time": filling(lambda n: workload(instance(10, [(1, 9)] * n))),
        "requests that are all different": filling(lambda n: workload(mixed(n))),
        "outputs of 2⁵⁰ tokens": filling(lambda n: workload(instance(2**51, [(1, 2**50)] * n))),
        "outputs of 2³⁰ tokens and more": filling(
            lambda n: workload(instance(2**31, [(1, 2**30 + each) for each in range(n)]))
        ),
    }
    for name, data in instances.items():
        yield Case(name, ("optimum", "--workload"), data)
        yield Case(name, ("compare", "--bound", "--workload"), data)
        yield Case(name, ("drive", "--instance"), data, DRIVEN)
    schedules = {
        "runs that overlap all": filling(at_once),
        "runs one after the other": filling(one_by_one),
        "the same, all different": filling(mixed_one_by_one),
        "one request evicted again and again": filling(evicted_again),
        "one of 2²⁰ rounds, ℓ = o": one_long(2**20 - 99, 2**20 - 99),
    }
    for name, data in schedules.items():
        yield Case(name, ("conform",), data)
        yield Case(name, ("report", os.devnull, "--schedule"), data)
    not_json = b"[" + b"{}," * 333_000 + b"{}]"
    yield Case("500,000 empty objects", ("report", os.devnull, "--claims"), not_json)
    yield Case("a trace", (*SHORT_CLAIM, "--workload"), filling(trace))
    yield Case(
        "a gzip file of a trace of 14 MB",
        (*SHORT_CLAIM, "--workload"),
        gzip.compress(trace(400_000)),
    )
    header = '{"format": "amin-ref/%s", "version": 1}\n'
    for command, kind in (
        (SHORT_CLAIM, "claims-measurements"),
        (SHORT_RATIO, "worst-case-checkpoint"),
        (("worst-case-table",), "worst-case-checkpoint"),
    ):
        lines = (header % kind).encode() + b"{}\n" * 333_000
        yield Case("lines of two characters", (*command, "--checkpoint"), lines)
    yield Case("a trace in JSON lines", ("optimum", "--workload"), filling(trace_lines))
    yield Case(
        "the same, arrivals 10⁶ rounds apart",
        ("simulate", "--output", os.devnull, "--arrivals", "trace:0.000001", "--workload"),
        filling(trace_lines),
    )
    yield Case(
        "ShareGPT's conversations", ("compare", "--workload"),
        b'[{"conversations":[{"value":"' + b"h" * MEGABYTE + b'"}]}]',
    )  # fmt: skip
    yield Case(
        "an instance", ("schema", "instance", "--validate"), instances["requests that all fit"]
    )
    yield Case("500,000 empty objects", ("schema", "vectors", "--validate"), not_json)


def cases() -> Iterator[Case]:
    """Every case."""
    yield from file_cases()
    yield from other_cases()


def file_cases() -> Iterator[Case]:
    """Cases of the commands whose work is mostly to read a file."""
    check, conform = ("check",), ("conform", "--no-bound")
    simulate = ("simulate", "--output", os.devnull, "--workload")
    valid = ("schema", "schedule", "--validate")
    for reading in (check, conform):
        yield Case("runs that overlap all", reading, filling(at_once))
        yield Case(
            "the same, in blocks of 7", reading, filling(lambda count: at_once(count, block_size=7))
        )
        yield Case("runs one after the other", reading, filling(one_by_one))
        yield Case("one request evicted again and again", reading, filling(evicted_again))
        yield Case("a request of 2⁵⁰ rounds, ℓ = 1", reading, one_long(1))
        yield Case("a request of 2⁵⁰ rounds, ℓ = o", reading, one_long(2**50))
        yield Case("one of 2²⁰ rounds, ℓ = o", reading, one_long(2**20 - 99, 2**20 - 99))
    yield Case("every run evicted, none completed", check, filling(never_completed))
    yield Case("nested 500,000 deep", check, b"[" * 500_000)
    yield Case("500,000 empty objects", check, b"[" + b"{}," * 333_000 + b"{}]")
    yield Case("a field of another name 100,000 times", check,
               dumped({f"x-{number}": 0 for number in range(80_000)}))  # fmt: skip
    yield Case("a number of a million digits", check, b"1" * MEGABYTE)
    yield Case("many kinds, many rounds", ("verify",), filling(many_kinds))
    yield Case(
        "the same, prices of 53 bits", ("verify",), filling(lambda n: many_kinds(n, wide=True))
    )
    yield Case(
        "the same, M = 2⁵³ − 1",
        ("verify",),
        filling(lambda n: many_kinds(n, wide=True, capacity=LARGEST)),
    )
    yield Case(
        "the same, 20 shares", ("verify",), filling(lambda n: many_kinds(n // 20, shares=20))
    )
    for policy in ("amin", "amax", "fcfs", "h-sf"):
        command: tuple[str, ...] = ("simulate", "--policy", policy, *simulate[1:])
        yield Case("requests that all fit", command, filling(
            lambda count: workload(instance(LARGEST, [(1, 9)] * count))))  # fmt: skip
        yield Case("requests one at a time", command, filling(
            lambda count: workload(instance(10, [(1, 9)] * count))))  # fmt: skip
        yield Case("an output of 2⁵⁰ tokens", command, workload(instance(2**51, [(1, 2**50)])))
        yield Case("an output of 2²⁶ tokens, ℓ = o", command,
                   workload(instance(2**27, [(1, 2**26 - 9)], lower=2**26 - 9)))  # fmt: skip
    yield Case("a trace", simulate, filling(trace))
    yield Case("a gzip file of a trace of 14 MB", simulate, gzip.compress(trace(400_000)))
    yield Case("a gzip file of 1 GB of one line", simulate, gzip.compress(b"1" * 10**9, 6))
    yield Case("a schedule", valid, filling(at_once))
    yield Case("wrong in every run", valid, filling(at_once).replace(b'"start"', b'"begin"'))
    yield Case("a certificate", ("schema", "certificate", "--validate"), filling(many_kinds))
    yield Case("JSON lines of two characters", ("schema", "schedule-lines", "--validate"),
               b"{}\n" * 333_000)  # fmt: skip
    yield Case("JSON lines of two characters", ("check",), b'{"format":"amin-ref/schedule-lines"}\n'
               + b"{}\n" * 333_000)  # fmt: skip


def measured(case: Case, folder: Path) -> tuple[float, float, int, str]:
    """Processor seconds, peak of megabytes, exit code and standard error of one case."""
    file = folder / "input"
    file.write_bytes(case.data)
    words = [sys.executable, "-m", "amin_ref", *case.command, str(file), *case.after]
    peak = 0.0
    with (folder / "said").open("w+b") as said, open(os.devnull, "wb") as out:
        began = time.monotonic()
        process = subprocess.Popen(words, stdout=out, stderr=said)
        while True:
            peak = max(peak, peak_so_far(process.pid))
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            used_so_far = processor_seconds(process.pid)
            if used_so_far > PATIENCE or time.monotonic() - began > LONGEST:
                process.kill()
            time.sleep(0.005)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode().replace(str(file), "FILE")
    return used.ru_utime + used.ru_stime, peak, process.returncode, text


def processor_seconds(process: int) -> float:
    """Seconds of a processor that a process has used."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    user, system = fields[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def peak_so_far(process: int) -> float:
    """The peak memory of a process so far; megabytes.

    Not ``ru_maxrss``, which begins with the memory of the parent process.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1000 if found else 0.0


def main() -> None:
    """Print the table; exit with 1 if a case is costly without a sentence about it."""
    print("| command | input | KB | s | MB | exit code |\n|---|---|---:|---:|---:|---:|")
    silent = []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases():
            seconds, megabytes, code, said = measured(case, Path(folder))
            has_sentence = "takes" in said or "limit" in said or "memory" in said
            if (seconds > SECONDS or megabytes > MEGABYTES) and not has_sentence:
                silent.append((case.command, case.name))
            shown = f"{seconds:.2f}" if code != -9 else f"> {PATIENCE:.0f}"
            words = " ".join(word for word in case.command if not word.startswith("/"))
            told = ", told" if has_sentence else ""
            print(
                f"| `{words}` | {case.name} | {len(case.data) / 1000:,.0f} | {shown} "
                f"| {megabytes:.0f} | {'ended' if code == -9 else code}{told} |",
                flush=True,
            )
            if said and os.environ.get("SAID"):
                print(said, file=sys.stderr)
    print(f"\nCostly without a sentence: {silent or 'none'}.")
    sys.exit(bool(silent))


if __name__ == "__main__":
    main()
