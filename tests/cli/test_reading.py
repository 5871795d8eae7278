"""Every file that a command reads is opened once, within limits that a flag raises."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from amin_ref import Instance, Request, Schedule, simulate
from oracle import lower_bound
from tests.support.project import PROJECT

AMIN_REF = [sys.executable, "-m", "amin_ref"]

INSTANCE = Instance(9, (Request("a", 2, 3), Request("b", 3, 2), Request("c", 1, 4)))


def amin_ref(*arguments: str, stdin: str | None = None, pipes: tuple[int, ...] = ()) -> str:
    ended = subprocess.run(
        [*AMIN_REF, *arguments], cwd=PROJECT, input=stdin, pass_fds=pipes, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def piped(text: str) -> tuple[str, int]:
    """The path and the descriptor of a pipe with the text, as a shell makes of ``<(cat FILE)``."""
    receiver, sender = os.pipe()
    os.write(sender, text.encode())
    os.close(sender)
    return f"/dev/fd/{receiver}", receiver


TRACE = "arrived_at,num_prefill_tokens,num_decode_tokens\n0,100,20\n61.5,30,70\n"

READERS = [
    (("optimum", "--json", "--time-limit", "0", "--workload"), INSTANCE.to_json()),
    (("compare", "--json", "--workload"), INSTANCE.to_json()),
    (("compare", "--json", "--capacity", "150", "--workload"), TRACE),
    (
        ("compare", "--json", "--capacity", "150", "--seeds", "2", "--load", "0.5", "--workload"),
        TRACE,
    ),
    (("simulate", "--capacity", "150", "--workload"), TRACE),
    (("check", "--json"), simulate(INSTANCE, "amin").to_json()),
    (("conform", "--no-bound"), simulate(INSTANCE, "amin").to_json_lines()),
    (("verify",), lower_bound(INSTANCE, 0.1).to_json()),
    (("schema", "instance", "--validate"), INSTANCE.to_json()),
    (("drive", "--json", "--instance"), INSTANCE.to_json()),
]


SEVERAL_TIMES = ("compare", "conform", "simulate")
"""Commands whose files are read as those of ``optimum`` or ``check`` are: for the slow run."""


@pytest.mark.parametrize(
    ("command", "text"),
    [
        pytest.param(
            command,
            text,
            id=" ".join(command),
            marks=pytest.mark.slow if command[0] in SEVERAL_TIMES else (),
        )
        for command, text in READERS
    ],
)
def test_a_pipe_and_standard_input_give_the_output_of_a_file(
    tmp_path: Path, command: tuple[str, ...], text: str
) -> None:
    program = ["--", *SCHEDULER] if command[0] == "drive" else []
    file = tmp_path / "file"
    file.write_text(text)
    name, receiver = piped(text)
    by_file = amin_ref(*command, str(file), *program)
    by_pipe = amin_ref(*command, name, *program, pipes=(receiver,))
    os.close(receiver)
    by_stdin = amin_ref(*command, "-", *program, stdin=text)
    by_name = amin_ref(*command, "/dev/stdin", *program, stdin=text)
    names = (str(file), name, "/dev/stdin", "standard input", '"-"')

    def without_names(output: str) -> str:
        for spelling in (*names, *(Path(known).name for known in names[:3])):
            output = output.replace(spelling, "NAME")
        return output.replace('"NAME"', "NAME")

    assert by_file
    outputs = [without_names(output) for output in (by_file, by_pipe, by_stdin, by_name)]
    assert outputs == [outputs[0]] * 4


SCHEDULER = [sys.executable, "-m", "tests.support.stdin_policy", "amin_ref:Amin"]


def test_the_limits_are_raised_by_a_flag(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv.gz"
    # Long rows, so that few of them reach the limit on bytes.
    rows = "question_length,answer_length,note\n" + f"1,1,{'x' * 1000}\n" * 20_000
    trace.write_bytes(gzip.compress(rows.encode(), mtime=0))
    flags = ["--workload", str(trace), "--capacity", "100", "--requests", "19999"]
    refused = subprocess.run(
        [*AMIN_REF, "simulate", "--quiet", *flags],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert refused.stderr == (
        f"amin-ref: '{trace}': it has more than 16,777,216 bytes; if it is as it should be, raise "
        "the limits with --input-limit 10.\n"
    )
    few = [*flags[:-1], "2"]
    schedule = Schedule.from_json(amin_ref("simulate", "--input-limit", "2", *few))
    assert len(schedule.instance.requests) == 2
    assert amin_ref("--input-limit", "2", "simulate", *few)


@pytest.mark.parametrize(
    ("times", "spans"),
    [
        (("0", "1.25"), "1.25 s"),
        (("0", "3501"), "58 min 21 s"),
        (("100", "90100"), "1 d 1 h"),
        (("0", "7265"), "2 h 1 min"),
    ],
)
def test_the_span_of_a_trace_is_printed(tmp_path: Path, times: tuple[str, str], spans: str) -> None:
    trace = tmp_path / "trace.csv"
    rows = "".join(f"{time},1,2\n" for time in times)
    trace.write_text(f"arrived_at,num_prefill_tokens,num_decode_tokens\n{rows}")
    ended = subprocess.run(
        [*AMIN_REF, "compare", "--workload", str(trace), "--seeds", "2", "--load", "0.5"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ended.stderr == f"amin-ref: the trace spans {spans}.\n"


def test_the_unit_of_times_is_a_flag(tmp_path: Path) -> None:
    """GuideLLM's traces have Mooncake's keys, and seconds."""
    trace = tmp_path / "trace.jsonl"
    trace.write_text(
        '{"timestamp": 0, "input_length": 5, "output_length": 2}\n'
        '{"timestamp": 0.5, "input_length": 5, "output_length": 2}\n'
    )
    flags = ["--workload", str(trace), "--capacity", "9", "--arrivals", "trace:0.05"]
    refused = subprocess.run(
        [*AMIN_REF, "simulate", "--quiet", *flags],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--time-unit s, ms or ns" in refused.stderr
    schedule = Schedule.from_json(amin_ref("simulate", "--time-unit", "s", *flags))
    assert [request.arrival for request in schedule.instance.requests] == [0, 10]
