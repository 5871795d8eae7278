"""The program is compiled once, whole or not at all, and each failure has a sentence."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from amin_ref.model.errors import CannotWrite
from amin_ref.proved import CannotBuild, built_program
from amin_ref.proved.source_text import SOURCES, key_of, source_texts
from tests.proved.fake_compiler import ANSWERS_VALID, COMPILES, FakeCompiler

BUILD = "from amin_ref.proved import built_program; print(built_program())"


def left_in(cache: Path) -> set[str]:
    """The names of the files below the cache folder."""
    return {file.name for file in cache.rglob("*") if file.is_file()}


def test_the_program_is_compiled_once(compiler: FakeCompiler) -> None:
    program = built_program()
    assert program.read_text(encoding="utf-8") == ANSWERS_VALID
    assert built_program() == program
    assert compiler.compilations() == 1
    assert left_in(compiler.cache) == {"amin_proved", "lock"}


def test_a_compiled_program_needs_no_compiler(
    compiler: FakeCompiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = built_program()
    monkeypatch.setenv("PATH", "")
    assert built_program() == program


def test_processes_at_the_same_time_compile_once(compiler: FakeCompiler) -> None:
    compiler.does("sleep 0.5" + COMPILES.format(program=ANSWERS_VALID))
    started = [
        subprocess.Popen([sys.executable, "-c", BUILD], stdout=subprocess.PIPE) for _ in range(3)
    ]
    printed = {process.communicate()[0] for process in started}
    assert [process.returncode for process in started] == [0, 0, 0]
    assert len(printed) == 1
    assert compiler.compilations() == 1


def test_a_killed_build_leaves_no_program_and_does_not_hinder_the_next(
    compiler: FakeCompiler,
) -> None:
    compiler.does(COMPILES.format(program="half\n") + "sleep 60")
    process = subprocess.Popen([sys.executable, "-c", BUILD], start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(compiler.cache.rglob("amin_proved")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert [file.parent.name for file in compiler.cache.rglob("amin_proved")] == ["building"]
    compiler.makes(ANSWERS_VALID)
    assert built_program().read_text(encoding="utf-8") == ANSWERS_VALID
    assert left_in(compiler.cache) == {"amin_proved", "lock"}


def test_without_a_compiler(compiler: FakeCompiler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CannotBuild, match=r"there is no 'ocamlfind'; install both"):
        built_program()
    assert not compiler.cache.exists()


def test_without_zarith(compiler: FakeCompiler) -> None:
    compiler.does("exit 0", query="exit 2")
    with pytest.raises(CannotBuild, match=r"Zarith .* 'ocamlfind' does not find it; install both"):
        built_program()


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("echo first; echo 'Error: unbound' >&2; exit 2", r"exit code 2, .* 'first'"),
        ("echo 'Error: unbound' >&2; exit 2", r"ended with exit code 2, .* 'Error: unbound'\.$"),
        ("exit 3", r"ended with exit code 3\.$"),
        ("kill -9 $$", r"was killed by signal 9\.$"),
    ],
)
def test_a_compiler_that_fails(compiler: FakeCompiler, does: str, said: str) -> None:
    compiler.does(does)
    with pytest.raises(CannotBuild, match=said):
        built_program()
    assert left_in(compiler.cache) == {"lock"}
    compiler.makes(ANSWERS_VALID)
    assert built_program().exists()


def test_a_compiler_that_does_not_end(
    compiler: FakeCompiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amin_ref.proved.building.LONGEST_BUILD", 0.2)
    compiler.does("exec sleep 60")
    with pytest.raises(CannotBuild, match=r"did not end within 0\.2 seconds"):
        built_program()
    assert left_in(compiler.cache) == {"lock"}


def test_a_compiler_that_writes_nothing(compiler: FakeCompiler) -> None:
    compiler.does("exit 0")
    with pytest.raises(CannotWrite, match="cannot be written to"):
        built_program()


def test_a_full_disk(compiler: FakeCompiler, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CannotWrite, match="No space left on device"):
        built_program()
    monkeypatch.undo()
    assert not list(compiler.cache.rglob("amin_proved"))


def test_a_cache_folder_that_cannot_be_made(
    compiler: FakeCompiler, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    with pytest.raises(CannotWrite, match="Not a directory; make room or change the permissions"):
        built_program()


@pytest.mark.parametrize("name", SOURCES)
def test_the_key_changes_with_each_source(name: str) -> None:
    sources = source_texts()
    edited = {**sources, name: sources[name] + " "}
    assert key_of(sources) == key_of(source_texts()) != key_of(edited)
