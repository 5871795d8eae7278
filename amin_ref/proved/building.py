"""Compiles the program once, and keeps it in the user's cache folder.

The folder's name has the key of the sources. The program is compiled in a folder beside its place,
forced to the disk and renamed into the place, under a lock: two processes compile it once, and a
kill leaves at most the folder ``building``, which the next build removes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from platformdirs import user_cache_path

from amin_ref.files.locking import locked
from amin_ref.files.writing import BINARY, write_whole
from amin_ref.model.errors import AminError, CannotWrite, shown, shown_path
from amin_ref.proved.source_text import SOURCES, key_of, source_texts

PROGRAM = "amin_proved"
"""The name of the compiled program."""

LONGEST_BUILD = 600.0
"""Seconds after which a build is given up, one's own or that of another process: it takes two."""

POLL = 0.05
"""Seconds between two looks at whether another process has compiled the program."""

HOW_TO_INSTALL = "install both, as with 'apt-get install ocaml-findlib libzarith-ocaml-dev'"
"""The mend of a missing compiler or library."""

COMPILE = ("ocamlfind", "ocamlopt", "-O3", "-package", "zarith", "-linkpkg", "-w", "-a")
"""The compiler with its flags, as in ``build.sh``."""


class CannotBuild(AminError):
    """The program cannot be compiled here."""


def built_program() -> Path:
    """The compiled program. The first call compiles it, which takes some seconds.

    Raises:
        CannotBuild: ``ocamlfind`` or Zarith is missing, or the compiler fails or takes too long.
        CannotWrite: the cache folder cannot be written.
    """
    sources = source_texts()
    folder = user_cache_path("amin-ref", appauthor=False) / f"proved-{key_of(sources)}"
    program = folder / PROGRAM
    if not program.exists():
        _refuse_without_compiler()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _build_locked(folder, program)
        except OSError as error:
            raise CannotWrite(
                f"the compiled program cannot be written to {shown_path(folder)}: "
                f"{error.strerror or error}; make room or change the permissions there."
            ) from None
    return program


def _refuse_without_compiler() -> None:
    if shutil.which("ocamlfind") is None:
        raise CannotBuild(
            "the proved program needs 'ocamlfind' and OCaml's library Zarith to be compiled, and "
            f"there is no 'ocamlfind'; {HOW_TO_INSTALL}."
        )
    asked = _run(("ocamlfind", "query", "zarith"), Path.cwd())
    if asked.returncode != 0:
        raise CannotBuild(
            "the proved program needs OCaml's library Zarith to be compiled, and 'ocamlfind' does "
            f"not find it; {HOW_TO_INSTALL}."
        )


def _build_locked(folder: Path, program: Path) -> None:
    """Compile the program, unless another process does so first."""
    deadline = time.monotonic() + LONGEST_BUILD
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | BINARY, 0o666)
    try:
        while not program.exists():
            with locked(descriptor) as mine:
                if mine and not program.exists():
                    _build(folder / "building", program)
                elif not mine and time.monotonic() > deadline:
                    raise CannotBuild(
                        f"another process has compiled the proved program in {shown_path(folder)} "
                        f"for {LONGEST_BUILD:g} seconds; end it, and run the command again."
                    )
            if not mine:
                time.sleep(POLL)
    finally:
        os.close(descriptor)


def _build(work: Path, program: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)  # what a killed build has left
    work.mkdir()
    try:
        for name, text in source_texts().items():
            write_whole(work / name, text)
        compiled = _run((*COMPILE, *SOURCES, "-o", PROGRAM), work)
        if compiled.returncode != 0:
            raise CannotBuild(
                f"the proved program cannot be compiled: 'ocamlfind ocamlopt' {_ended(compiled)}."
            )
        _force_to_disk(work / PROGRAM)
        os.replace(work / PROGRAM, program)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the compiler to its end.

    Raises:
        CannotBuild: it cannot be started, or does not end.
    """
    try:
        return subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=LONGEST_BUILD,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotBuild(
            f"the proved program cannot be compiled: {shown(' '.join(command[:2]))} did not end "
            f"within {LONGEST_BUILD:g} seconds."
        ) from None
    except OSError as error:
        raise CannotBuild(
            f"the proved program cannot be compiled: {shown(command[0])} cannot be started: "
            f"{error.strerror or error}."
        ) from None


def _ended(done: subprocess.CompletedProcess[str]) -> str:
    """How the compiler ended, and the last line that it printed."""
    how = (
        f"was killed by signal {-done.returncode}"
        if done.returncode < 0
        else f"ended with exit code {done.returncode}"
    )
    lines = (done.stderr + done.stdout).strip().splitlines()
    return f"{how}, and last printed {shown(lines[-1])}" if lines else how


def _force_to_disk(file: Path) -> None:
    """Without this a power failure may leave an empty file under the program's name."""
    descriptor = os.open(file, os.O_RDWR | BINARY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
