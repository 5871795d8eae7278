"""A file that is written is replaced whole; if that fails, it is unchanged and the code is 3."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from amin_ref.cli.exit_codes import CANNOT_WRITE
from tests.support.commands import COMMANDS, make_inputs
from tests.support.project import NO_BYTECODE, PROJECT

OLD_TEXT = "what was there before\n"

AMIN_REF = "from amin_ref.cli import main; main()"

LIMITED = (
    "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    "resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); "
)
"""Statements that limit the size of files to ``limit`` bytes, as a disk does that gets full."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A program that writes a file.

    Attributes:
        arguments: its words; ``{}`` is the file, ``{inputs}`` the folder of the inputs.
        program: Python's statements.
        room: bytes of the file that the full disk takes.
        code: the exit code where all goes well.
        is_folder: whether ``{}`` is a folder; then ``file`` in it is one of those written.
    """

    arguments: str
    program: str = AMIN_REF
    room: int = 64
    code: int = 0
    is_folder: bool = False
    file: str = ""


WRITERS: Mapping[str, Writer] = {
    "simulate": Writer("simulate --requests 20 --output {}"),
    "optimum": Writer("optimum --workload {inputs}/instance.json --output {}"),
    "optimum-certificate": Writer(
        "optimum --requests 60 --time-limit 1 --output-certificate {}"
    ),
    "report": Writer("report {} --schedule {inputs}/valid.json --time-limit 0", room=2**17),
    "compare-report": Writer("compare --requests 20 --report {} --time-limit 0", room=2**17),
    "drive": Writer("drive --small 20 --claims valid --output {} -- false", code=1),
    "worst-case-table": Writer(
        "worst-case-table --output {}", COMMANDS["worst-case-table"].before + AMIN_REF
    ),
    "vectors": Writer("vectors --output {}"),
    "vectors-folder": Writer(
        "vectors --output-folder {}", is_folder=True, file="FullIsTooFull.json"
    ),
    "attack-table": Writer(
        "{}",
        "import sys, oracle.ratio.attack_table as table; table.SEARCH_SPACES = ((3, (2, 3)),); "
        "table.STEPS = 2; table.main(sys.argv[1])",
    ),
    "images": Writer(
        "{}", "import sys; from oracle.report.images import main; main(sys.argv[1])",
        room=256, is_folder=True, file="gantt.svg",
    ),
}  # fmt: skip
"""Everything that replaces a file; ``new`` replaces none."""

ENDS_IN_A_SENTENCE = [name for name, writer in WRITERS.items() if AMIN_REF in writer.program]
"""The commands of ``amin-ref``; the other two programs end in a traceback."""

QUICK = ("simulate", "vectors-folder", "images")
"""A file, several files of a command, and several of a program: the default run has these, and all
but one in the test of a disk that gets full."""

DRAWS_AS_REPORT_DOES = "compare-report"
"""It draws with what ``report`` draws with, for seconds: only the slow run has it."""


def writers(names: Iterable[str], slow: Container[str]) -> list[object]:
    """The writers, each as the parameter of a test; ``slow``: those of the slow run."""
    return [pytest.param(name, marks=pytest.mark.slow if name in slow else ()) for name in names]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    make_inputs(folder)
    return folder


def run(
    writer: Writer, target: Path | str, inputs: Path, before: str = ""
) -> subprocess.CompletedProcess[str]:
    words = [
        word.replace("{inputs}", str(inputs)).replace("{}", str(target))
        for word in writer.arguments.split()
    ]
    return subprocess.run(
        [sys.executable, "-c", before + writer.program, *words],
        cwd=PROJECT, env={**os.environ, **NO_BYTECODE},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def sentence(ended: subprocess.CompletedProcess[str]) -> str:
    """The last line on standard error: what went wrong."""
    assert ended.returncode == CANNOT_WRITE, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", writers(WRITERS, slow=WRITERS.keys() - set(QUICK)))
def test_a_file_is_replaced(inputs: Path, tmp_path: Path, name: str) -> None:
    writer = WRITERS[name]
    file = tmp_path / (writer.file or "file")
    file.write_text(OLD_TEXT)
    ended = run(writer, tmp_path if writer.is_folder else file, inputs)
    assert ended.returncode == writer.code, ended.stderr
    assert file.stat().st_size > writer.room
    assert OLD_TEXT not in file.read_text()
    assert not [each for each in os.listdir(tmp_path) if each.endswith(".part")]


@pytest.mark.parametrize("name", writers(WRITERS, slow=[DRAWS_AS_REPORT_DOES]))
def test_a_disk_that_gets_full_leaves_the_old_file(inputs: Path, tmp_path: Path, name: str) -> None:
    writer = WRITERS[name]
    file = tmp_path / (writer.file or "file")
    file.write_text(OLD_TEXT)
    target = tmp_path if writer.is_folder else file
    ended = run(writer, target, inputs, LIMITED.format(limit=writer.room))
    assert file.read_text() == OLD_TEXT
    assert os.listdir(tmp_path) == [file.name]
    assert "cannot be written: File too large" in ended.stderr
    if name in ENDS_IN_A_SENTENCE:
        assert sentence(ended).startswith("amin-ref: ")


@pytest.mark.parametrize(
    "name",
    writers(
        (name for name in WRITERS if not WRITERS[name].is_folder),
        slow=WRITERS.keys() - set(QUICK),
    ),
)
def test_a_full_device_is_reported(inputs: Path, name: str) -> None:
    ended = run(WRITERS[name], "/dev/full", inputs)
    assert "'/dev/full' cannot be written: No space left on device" in ended.stderr
    if name in ENDS_IN_A_SENTENCE:
        assert sentence(ended).startswith("amin-ref: ")


LONG_RUNS = {
    "simulate": "simulate --requests 1000000 --output {}",
    "optimum": "optimum --requests 300 --time-limit 600 --output {}",
    "optimum-certificate": "optimum --requests 300 --time-limit 600 --output-certificate {}",
    "report": "report {} --requests 20000 --time-limit 600",
    "compare-report": "compare --requests 1000000 --report {}",
    "drive": "drive --small 1000000 --output {} -- cat",
    "worst-case-table": "worst-case-table --output {}",
    "vectors": "vectors --output {}",
    "vectors-folder": "vectors --output-folder {}/below",
    "new": "new {}/mine.py",
}


@pytest.mark.parametrize("arguments", LONG_RUNS.values(), ids=LONG_RUNS)
def test_a_target_that_cannot_be_written_is_reported_before_the_work(
    inputs: Path, tmp_path: Path, arguments: str
) -> None:
    (tmp_path / "file").write_text(OLD_TEXT)
    began = time.monotonic()
    ended = run(Writer(arguments), tmp_path / "file" / "below", inputs)
    assert sentence(ended).startswith("amin-ref: ")
    assert time.monotonic() - began < 60
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == OLD_TEXT


def test_a_new_file_replaces_none(inputs: Path, tmp_path: Path) -> None:
    file = tmp_path / "scheduler_of_mine.py"
    full = run(Writer("new {}"), file, inputs, LIMITED.format(limit=64))
    assert "File too large" in sentence(full)
    assert os.listdir(tmp_path) == []
    assert run(Writer("new {}"), file, inputs).returncode == 0
    text = file.read_text()
    assert "exists, and is left unchanged" in sentence(run(Writer("new {}"), file, inputs))
    assert file.read_text() == text
    assert os.listdir(tmp_path) == [file.name]
