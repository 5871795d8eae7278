"""Every command with each stream closed, full or broken ends with the exit code for that."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from amin_ref.cli.application import COMMANDS as ALL_COMMANDS
from amin_ref.cli.exit_codes import BAD_INPUT, CANNOT_WRITE, CLOSED_PIPE
from tests.support.commands import COMMANDS, Command, make_inputs
from tests.support.project import NO_BYTECODE, PROJECT

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")

SECONDS = 120
"""A command that takes longer counts as hanging."""


@dataclass(frozen=True, slots=True)
class Streams:
    """The states of the three streams: ``"good"``, ``"closed"``, ``"full"`` or ``"broken"``."""

    stdin: str = "good"
    stdout: str = "good"
    stderr: str = "good"


STREAMS: Mapping[str, Streams] = {
    "stdin-closed": Streams(stdin="closed"),
    "stdout-closed": Streams(stdout="closed"),
    "stdout-full": Streams(stdout="full"),
    "stdout-broken": Streams(stdout="broken"),
    "stderr-closed": Streams(stderr="closed"),
    "stderr-full": Streams(stderr="full"),
    "stderr-broken": Streams(stderr="broken"),
    "both-full": Streams(stdout="full", stderr="full"),
    "both-broken": Streams(stdout="broken", stderr="broken"),
    "output-closed": Streams(stdout="closed", stderr="closed"),
    "all-closed": Streams("closed", "closed", "closed"),
}


SEVERAL = ("both-full", "both-broken", "output-closed")
"""States of two streams, which differ little from others: only the slow run has them."""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    make_inputs(folder)
    return folder


@contextmanager
def opened(kind: str, good: Path) -> Iterator[int]:
    """A descriptor to write to, in that state. For ``"closed"`` the shell closes it later."""
    if kind == "broken":
        reading, writing = os.pipe()
        os.close(reading)
    else:
        target = "/dev/full" if kind == "full" else str(good)
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        yield writing
    finally:
        os.close(writing)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str


def run(command: Command, streams: Streams, inputs: Path, own: Path) -> Ended:
    """Run a command on these streams, in a folder of its own beside the inputs."""
    for file in inputs.iterdir():
        (own / file.name).write_bytes(file.read_bytes())
    closing = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-"}
    closed = " ".join(sign for name, sign in closing.items() if getattr(streams, name) == "closed")
    good_input = os.devnull if command.reads is None else inputs / command.reads
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with ExitStack() as stack:
        stdin = stack.enter_context(open(good_input, "rb"))
        stdout = stack.enter_context(opened(streams.stdout, own / "stdout"))
        stderr = stack.enter_context(opened(streams.stderr, own / "stderr"))
        ended = subprocess.run(
            ["sh", "-c", f'exec "$@" {closed}', "sh", *command.words(own)],
            cwd=PROJECT, env=environment, stdin=stdin, stdout=stdout, stderr=stderr,
            timeout=SECONDS, check=False,
        )  # fmt: skip
    texts = [
        (own / name).read_text(encoding="utf-8") if (own / name).exists() else ""
        for name in ("stdout", "stderr")
    ]
    return Ended(ended.returncode, *texts)


def expected_code(command: Command, streams: Streams) -> int:
    if streams.stdin == "closed" and command.reads is not None:
        return BAD_INPUT
    if command.prints and streams.stdout != "good":
        return CLOSED_PIPE if streams.stdout == "broken" else CANNOT_WRITE
    return command.code


def every_pair() -> Iterator[object]:
    """Each command with each state of the streams; the default run has every twelfth of them.

    It has every state with a command or more.
    """
    for row, command in enumerate(COMMANDS):
        for column, streams in enumerate(STREAMS):
            is_slow = streams in SEVERAL or (row + column) % 12 != 0
            marks = [pytest.mark.slow] if is_slow else []
            yield pytest.param(command, streams, marks=marks)


@pytest.mark.parametrize(("command", "streams"), list(every_pair()))
def test_every_command_ends_with_the_expected_code_on_every_stream(
    inputs: Path, tmp_path: Path, command: str, streams: str
) -> None:
    """A lost result gives 3 or 141, an unreadable input 2; a lost message does not change the code.

    If standard error can be written, every code above 1 has a sentence, and no traceback.
    """
    chosen, given = COMMANDS[command], STREAMS[streams]
    ended = run(chosen, given, inputs, tmp_path)
    code = expected_code(chosen, given)
    # If input and output are closed, the command may find either first.
    either = {code, CANNOT_WRITE} if streams == "all-closed" and chosen.prints else {code}
    assert ended.code in either, ended.err
    assert "Traceback" not in ended.err
    assert "Exception" not in ended.err
    if given.stderr == "good" and code > 1:
        last = ended.err.splitlines()[-1]
        assert last.startswith("amin-ref: ")
        assert last.endswith(".")
    if not chosen.prints and code == 0:
        assert any(
            (tmp_path / name).stat().st_size
            for name in ("written", "new_scheduler.py", "report.html")
            if (tmp_path / name).exists()
        )
    for file in inputs.iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), "an input was written to"


def test_every_command_is_tested_with_every_stream() -> None:
    assert {command.arguments.split()[0] for command in COMMANDS.values()} >= set(ALL_COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_with_good_streams_ends_as_expected(
    inputs: Path, tmp_path: Path, command: str
) -> None:
    ended = run(COMMANDS[command], Streams(), inputs, tmp_path)
    assert ended.code == COMMANDS[command].code, ended.err
    assert bool(ended.out) == COMMANDS[command].prints


def test_a_checkpoint_does_not_receive_standard_output(tmp_path: Path) -> None:
    """The first file that is opened while standard output is closed could get descriptor 1."""
    command = COMMANDS["claims"]
    file = tmp_path / "checkpoint"
    words = [*command.words(tmp_path), "--checkpoint", str(file)]
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" >&- <&-', "sh", *words],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == CANNOT_WRITE, ended.stderr
    again = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert all(line.startswith("{") for line in file.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_reported_with_and_without_a_buffer(tmp_path: Path, unbuffered: str) -> None:
    """Python itself would drop what a full disk did not take, and end with code 0."""
    program = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
        "from amin_ref.cli import main; main()"
    )
    with (tmp_path / "out").open("wb") as out:
        ended = subprocess.run(
            [sys.executable, "-c", program, "vectors"],
            cwd=PROJECT, env={**os.environ, **NO_BYTECODE, "PYTHONUNBUFFERED": unbuffered},
            stdout=out, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == CANNOT_WRITE
    assert ended.stderr == "amin-ref: cannot read or write: File too large.\n"


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1"])
def test_a_closed_output_is_reported_before_the_work(tmp_path: Path, name: str) -> None:
    words = Command(f"simulate --requests 1000000 --output {name}").words(tmp_path)
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *words],
        cwd=PROJECT, stderr=subprocess.PIPE, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert ended.returncode == CANNOT_WRITE
    assert ended.stderr.startswith("amin-ref: standard output is closed;")
    assert ended.stderr.count("\n") == 1
