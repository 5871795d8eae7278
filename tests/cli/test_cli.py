"""The command line: output, refusals and exit codes."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from amin_ref import Instance, Request, Run, Schedule, check
from amin_ref.cli.application import COMMANDS, application, load_command
from amin_ref.cli.exit_codes import run
from tests.support.project import PROJECT

PROGRAM = [sys.executable, "-c", "from amin_ref.cli import main; main()"]


def amin_ref(*arguments: str, code: int = 0) -> None:
    assert run(application, arguments) == code


def one_sentence(text: str) -> str:
    """The text, after checking that it is one line that begins with the name of the program."""
    assert text.startswith("amin-ref: ")
    assert text.endswith(".\n")
    assert text.count("\n") == 1
    assert "Traceback" not in text
    return text


def started(*arguments: str) -> subprocess.Popen[bytes]:
    # Unbuffered, Python itself loses what a pipe does not take at once, without an error.
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=PROJECT,
        env=buffered,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def interrupted_once_seen(says: bytes, *arguments: str, output: Path) -> tuple[int, str, str]:
    """Run with a terminal as stderr; send SIGINT when progress shows ``says``.

    Returns:
        Exit code, standard output and standard error.
    """
    ours, theirs = pty.openpty()
    with output.open("wb") as out:
        process = subprocess.Popen(
            [*PROGRAM, *arguments], cwd=PROJECT, stdout=out, stderr=theirs,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        )  # fmt: skip
    os.close(theirs)
    seen = b""
    pressed = False
    with contextlib.suppress(OSError):  # raised when the other end of the terminal is closed
        while True:
            seen += os.read(ours, 1000)
            if says in seen and not pressed:
                process.send_signal(signal.SIGINT)
                pressed = True
    os.close(ours)
    process.wait(60)
    assert pressed, "the program ended, or showed no progress, before it could be interrupted"
    return process.returncode, output.read_text(), seen.decode()


class TestSimulateAndCheck:
    def test_a_simulated_schedule_is_valid(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "schedule.json"
        amin_ref("simulate", "--requests", "50", "--policy", "fcfs", "--output", str(file))
        schedule = Schedule.from_json(file.read_text())
        assert check(schedule) == ()
        amin_ref("check", str(file))
        assert capsys.readouterr().out.startswith("valid: 50 requests")

    def test_a_broken_rule_is_named_with_exit_code_1(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        instance = Instance(9, (Request("x", 3, 4), Request("y\ud800", 3, 4)))
        runs = (Run("x", 0, 4, "completed"), Run("y\ud800", 0, 4, "completed"))
        file = tmp_path / "schedule.json"
        file.write_text(Schedule(instance, runs).to_json())
        amin_ref("check", str(file), code=1)
        out = capsys.readouterr().out
        # Both hold 3 + a tokens: 8 in round 0, 10 in round 1.
        assert out.startswith("within-capacity: round 1: 2 running requests hold 10 tokens")


class TestOptimumAndVerify:
    @pytest.fixture
    def instance_file(self, tmp_path: Path) -> Path:
        """Three requests, of which two fit at a time: the optimum is 4 + 4 + 8."""
        file = tmp_path / "instance.json"
        file.write_text(Instance(15, tuple(Request(i, 3, 4) for i in range(3))).to_json())
        return file

    def test_schedule_and_certificate_are_written_and_hold(
        self, instance_file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        schedule, certificate = (instance_file.with_name(name) for name in ("s.json", "c.json"))
        amin_ref("optimum", "--workload", str(instance_file), "--output", str(schedule))
        assert "optimal" in capsys.readouterr().out
        found = Schedule.from_json(schedule.read_text())
        assert check(found) == ()
        assert found.total_latency == 16
        amin_ref("optimum", "--workload", str(schedule), "--time-limit", "0",
                 "--output-certificate", str(certificate))  # fmt: skip
        capsys.readouterr()
        amin_ref("verify", str(certificate))
        # Without time there are no prices, and the bound is the sum of the output lengths.
        assert capsys.readouterr().out.startswith("12 request·rounds at least, for 3 requests")

    @pytest.mark.parametrize("method", ["auto", "ilp", "search"])
    def test_json_has_costs_schedule_and_certificate(
        self, method: str, instance_file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("optimum", "--workload", str(instance_file), "--method", method, "--json")
        document = json.loads(capsys.readouterr().out)
        assert document["total_latency"] == document["lower_bound"] == 16
        assert document["proven"] is True
        assert Schedule.from_json(json.dumps(document["schedule"])).total_latency == 16
        assert (document["certificate"] is None) == (document["evidence"] != "certificate")

    def test_ctrl_c_prints_the_best_bounds_so_far(self, tmp_path: Path) -> None:
        flags = ("--requests", "300", "--time-limit", "100", "--json")
        code, out, err = interrupted_once_seen(b"gap", "optimum", *flags, output=tmp_path / "out")
        assert code == 130
        assert "these are the best bounds so far." in err
        assert "Traceback" not in err
        document = json.loads(out)
        assert 0 < document["lower_bound"] <= document["total_latency"]
        assert check(Schedule.from_json(json.dumps(document["schedule"]))) == ()

    def test_a_tampered_certificate_is_refused(
        self, instance_file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        certificate = instance_file.with_name("c.json")
        amin_ref("optimum", "--workload", str(instance_file), "--time-limit", "0",
                 "--output-certificate", str(certificate))  # fmt: skip
        text = certificate.read_text()
        capsys.readouterr()
        for old, new in (
            ('"denominator": ', '"denominator": -'),
            ('"capacity": 15', '"capacity": -15'),
            ('"stretches"', '"stretch"'),
        ):
            assert old in text
            certificate.write_text(text.replace(old, new))
            amin_ref("verify", str(certificate), code=2)
            one_sentence(capsys.readouterr().err)


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("compare", "--capacity", "1e30"),
        ("compare", "--capacity", "0"),
        ("compare", "--capacity", "9" * 5000),
        ("compare", "--capacity", str(2**53)),
        ("compare", "--capacity", "3"),
        ("compare", "--seed", "-1"),
        ("compare", "--requests", "0"),
        ("compare", "--requests", str(2**52)),
        ("compare", "--policies", "amin,best"),
        ("compare", "--policies", "amin,amin"),
        ("compare", "--policies", ""),
        ("compare", "--prediction", "rough:5:1"),
        ("compare", "--prediction", "rough:1:20"),
        ("compare", "--prediction", "bins:0"),
        ("compare", "--prediction", "crystal-ball"),
        ("compare", "--arrivals", "poisson:nan"),
        ("compare", "--arrivals", "trace:1"),
        ("compare", "--workload", "no such file"),
        ("compare", "--workload", "/"),
        ("compare", "--workload", "a\0b"),
        ("compare", "--workload", ""),
        ("simulate", "--policy", "optimal"),
        ("simulate", "--policy", "amax", "--prediction", "rough:1:1000000000000",
         "--capacity", "9007199254740991", "--requests", "3"),
        ("compare", "--bound", "--time-limit", "inf"),
        ("optimum", "--time-limit", "-1"),
        ("optimum", "--method", "guess"),
        ("optimum", "--workload", "no such file"),
        ("optimum", "--workload", "/"),
        ("verify", "no such file"),
        ("verify", "pyproject.toml"),
        ("check", "no such file"),
        ("check", "/"),
        ("check", "a\0b"),
        ("check",),
    ],
    ids=lambda arguments: " ".join(arguments)[:50].replace("\0", "␀"),
)  # fmt: skip
def test_bad_input_is_refused_in_one_sentence(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    amin_ref(*arguments, code=2)
    captured = capsys.readouterr()
    assert captured.out == ""
    one_sentence(captured.err)


@pytest.mark.parametrize(
    ("flag", "ends"),
    [
        ("--policy", "No such option '--policy'. Did you mean '--policies'? See "),
        ("--bogus", ") See "),
    ],
)
def test_a_suggestion_of_click_is_followed_by_the_advice(
    flag: str, ends: str, capsys: pytest.CaptureFixture[str]
) -> None:
    amin_ref("compare", flag, code=2)
    error = capsys.readouterr().err
    one_sentence(error)
    assert error.endswith(f"{ends}'amin-ref compare --help'.\n")


@pytest.mark.parametrize(
    "content",
    [b"", b" \n", b"\x00\x01", b"\xff\xfe", b"[1, 2]", b"{", b"nul", b'{"format": "other"}',
     b'{"format": "amin-ref/schedule", "version": 2}', b"[" * 100_000, b"9" * 10_000],
    ids=lambda content: repr(content[:20]),
)  # fmt: skip
def test_a_bad_schedule_is_refused_in_one_sentence(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "schedule.json"
    file.write_bytes(content)
    amin_ref("check", str(file), code=2)
    one_sentence(capsys.readouterr().err)


def test_help_has_an_example_and_the_default_of_every_flag(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for command in map(load_command, COMMANDS):
        amin_ref(str(command.name), "--help")
        text = " ".join(capsys.readouterr().out.split()).split("Options:", 1)[1]
        assert "Example" in text
        for parameter in command.params:
            if not isinstance(parameter, click.Option) or parameter.is_flag or parameter.hidden:
                continue
            if not parameter.is_eager:  # an eager one prints something and exits
                record = parameter.get_help_record(click.Context(command))
                assert record is not None
                assert "[default:" in record[1] or "[required" in record[1], parameter.opts


def test_closed_pipe_ends_in_one_sentence() -> None:
    process = started("simulate", "--requests", "3000")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    one_sentence(process.stderr.read().decode())
    process.stderr.close()
    assert process.wait(60) == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["simulate", "compare"])
def test_full_disk_ends_in_one_sentence(command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*PROGRAM, command, "--requests", "20"],
            cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert ended.returncode == 3
    assert "disk is full" in one_sentence(ended.stderr.decode())


def test_ctrl_c_ends_in_one_sentence(tmp_path: Path) -> None:
    flags = ("--requests", "300000", "--capacity", "100000")
    code, out, err = interrupted_once_seen(b"amin", "compare", *flags, output=tmp_path / "out")
    assert code == 130
    assert out == ""
    assert "amin-ref: interrupted." in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (signal.SIGINT, "amin-ref: interrupted.\n"),
        (signal.SIGTERM, "amin-ref: terminated.\n"),
        (signal.SIGHUP, "amin-ref: the terminal was closed.\n"),
    ],
)
def test_a_signal_during_imports_ends_in_one_sentence(
    number: signal.Signals, sentence: str
) -> None:
    program = f"""
import os, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "amin_ref.cli.application":
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Interrupting())
from amin_ref.cli import main
main()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (128 + number, "")
    assert one_sentence(ended.stderr) == sentence
