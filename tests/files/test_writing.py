"""Files are replaced whole or not at all, whatever fails and whatever the target is."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref.files.locking import lock, locked
from amin_ref.files.writing import destination, write_all, write_new, write_whole
from amin_ref.model.errors import CannotWrite
from tests.support.project import NO_BYTECODE, PROJECT

WAYS = pytest.mark.parametrize("unnamed", [True, False], ids=["unnamed", "named"])
"""A new file has no name (O_TMPFILE) until it is complete; with a name on other systems."""


def offer_unnamed_files(monkeypatch: pytest.MonkeyPatch, *, unnamed: bool) -> None:
    if not unnamed:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


@given(old=st.text() | st.none(), new=st.text(st.characters(codec="utf-8")))
def test_a_written_file_has_its_text_and_no_other_file_is_left(
    tmp_path_factory: pytest.TempPathFactory, old: str | None, new: str
) -> None:
    file = tmp_path_factory.mktemp("folder") / "target.json"
    if old is not None:
        file.write_bytes(old.encode("utf-8", "surrogatepass"))
    write_whole(file, new)
    assert file.read_bytes() == new.encode()
    assert os.listdir(file.parent) == [file.name]


@WAYS
def test_permissions_of_a_replaced_file_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool
) -> None:
    offer_unnamed_files(monkeypatch, unnamed=unnamed)
    file = tmp_path / "private"
    write_whole(file, "first")
    before = os.umask(0)
    os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~before
    file.chmod(0o640)
    write_whole(file, "second")
    assert (stat.S_IMODE(file.stat().st_mode), file.read_text()) == (0o640, "second")


@WAYS
def test_a_symbolic_link_is_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool
) -> None:
    offer_unnamed_files(monkeypatch, unnamed=unnamed)
    (tmp_path / "elsewhere").mkdir()
    file, link = tmp_path / "elsewhere" / "file", tmp_path / "link"
    link.symlink_to(file)
    for text in ("made through the link", "replaced through the link"):
        write_whole(link, text)
        assert link.is_symlink()
        assert file.read_text() == text


UNWRITABLE = {
    "missing/file": "there is no such folder; make it or give another file.",
    "file/below": "there is no such folder; make it or give another file.",
    "folder": "it is a folder; give a file in it.",
    "a\0b": "embedded null byte; give another name.",
    "x" * 300: "File name too long; give another file.",
}


@WAYS
@pytest.mark.parametrize("name", UNWRITABLE)
def test_a_target_that_cannot_be_written_is_reported_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool, name: str
) -> None:
    offer_unnamed_files(monkeypatch, unnamed=unnamed)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("stays")
    with pytest.raises(CannotWrite) as refused:
        destination(tmp_path / name)
    assert str(refused.value).endswith(UNWRITABLE[name])
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_examining_a_target_changes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    destination(file)
    assert os.listdir(tmp_path) == []
    file.write_text("old")
    destination(file)
    assert (os.listdir(tmp_path), file.read_text()) == (["file"], "old")


FULL = """
    import resource, signal, sys
    from amin_ref.files.writing import write_whole
    from amin_ref.model.errors import CannotWrite
    import os
    if sys.argv[2] == "named":
        del os.O_TMPFILE
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    try:
        write_whole(sys.argv[1], "new" * 5000)
    except CannotWrite as error:
        print(error)
        sys.exit(3)
"""


@pytest.mark.parametrize("way", ["unnamed", "named"])
def test_a_disk_that_gets_full_leaves_the_old_text(tmp_path: Path, way: str) -> None:
    """The first 4,096 bytes go through, as on a disk with 4,096 bytes left."""
    file = tmp_path / "good.json"
    file.write_text("a good schedule")
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL), str(file), way],
        cwd=PROJECT, env={**os.environ, **NO_BYTECODE},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 3, ended.stderr
    assert ended.stdout == f"'{file}' cannot be written: File too large; give another file.\n"
    assert (os.listdir(tmp_path), file.read_text()) == (["good.json"], "a good schedule")


def test_short_writes_are_continued(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    written: list[int] = []
    whole = os.write

    def three_bytes_at_most(descriptor: int, content: memoryview) -> int:
        written.append(whole(descriptor, content[:3]))
        return written[-1]

    monkeypatch.setattr("amin_ref.files.writing.os.write", three_bytes_at_most)
    write_whole(tmp_path / "file", "twelve bytes")
    assert (tmp_path / "file").read_text() == "twelve bytes"
    assert written == [3, 3, 3, 3]


def test_a_pipe_is_written_directly(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, "through the pipe")
    reader.join()
    assert found == ["through the pipe"]
    assert pipe.is_fifo()


def test_a_full_device_is_an_error() -> None:
    with pytest.raises(CannotWrite, match=r"'/dev/full' cannot be written: No space left"):
        write_whole("/dev/full", "text")


@pytest.mark.parametrize("before", ["", "what was printed before\n"])
def test_standard_output_is_appended_to_under_its_path(tmp_path: Path, before: str) -> None:
    """Standard output may be a file: if it were replaced, the shell's file would stay empty."""
    program = (
        "import sys; from amin_ref.files.writing import write_whole; "
        "sys.stdout.write(sys.argv[1]); sys.stdout.flush(); write_whole('/dev/stdout', 'text')"
    )
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", program, before], cwd=PROJECT, stdout=out, check=True)
    assert (tmp_path / "out").read_text() == f"{before}text"


def test_write_all_raises_on_a_closed_pipe() -> None:
    reading, writing_end = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        write_all(writing_end, b"text")
    os.close(writing_end)


def test_a_lock_excludes_other_descriptors_and_processes(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    program = (
        "import os, sys; from amin_ref.files.locking import lock; "
        "sys.exit(not lock(os.open(sys.argv[1], os.O_RDWR)))"
    )
    another = [sys.executable, "-c", program, str(file)]
    descriptor, second = os.open(file, os.O_RDWR), os.open(file, os.O_RDWR)
    assert lock(descriptor) is True
    assert lock(second) is False
    os.close(second)
    assert subprocess.run(another, cwd=PROJECT, check=False).returncode == 1
    os.close(descriptor)
    assert subprocess.run(another, cwd=PROJECT, check=False).returncode == 0


def test_the_lock_is_free_after_its_context(tmp_path: Path) -> None:
    """Also after an error; a context that did not get the lock does not release it."""
    file = tmp_path / "file"
    file.write_text("")
    first, second = os.open(file, os.O_RDWR), os.open(file, os.O_RDWR)
    with locked(first) as taken:
        assert taken is True
        with locked(second) as taken_twice:
            assert taken_twice is False
        assert lock(second) is False
    with pytest.raises(KeyError), locked(first):
        raise KeyError
    assert lock(second) is True
    os.close(first)
    os.close(second)


@WAYS
def test_the_text_is_on_the_disk_before_it_takes_the_targets_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool
) -> None:
    """Flushed, then renamed, then the folder flushed; without a name, no other file is seen."""
    offer_unnamed_files(monkeypatch, unnamed=unnamed)
    file = tmp_path / "file"
    file.write_text("old")
    happened: list[str] = []
    flush, rename = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        happened.append("folder flushed" if is_folder else "text flushed")
        assert is_folder or len(os.listdir(tmp_path)) == (1 if unnamed else 2)
        assert file.read_text() == ("new" if is_folder else "old")
        flush(descriptor)

    def replace(source: str, target: str) -> None:
        happened.append("renamed")
        rename(source, target)

    monkeypatch.setattr("amin_ref.files.writing.os.fsync", fsync)
    monkeypatch.setattr("amin_ref.files.writing.os.replace", replace)
    write_whole(file, "new")
    assert happened == ["text flushed", "renamed", "folder flushed"]


def test_the_partial_file_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "file"
    (tmp_path / ".file.part").write_text("left")
    write_whole(file, "text")
    assert (os.listdir(tmp_path), file.read_text()) == (["file"], "text")


@pytest.mark.parametrize("error", [FileExistsError, FileNotFoundError])
def test_a_write_succeeds_although_another_process_renames_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    file = tmp_path / "file"
    rename = os.replace
    late = [True]

    def replace(source: str, target: str) -> None:
        if late.pop():
            late.append(False)
            raise error
        rename(source, target)

    monkeypatch.setattr("amin_ref.files.writing.os.replace", replace)
    write_whole(file, "text")
    assert (os.listdir(tmp_path), file.read_text()) == (["file"], "text")


@WAYS
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_text_and_no_open_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool, error: BaseException
) -> None:
    offer_unnamed_files(monkeypatch, unnamed=unnamed)
    file = tmp_path / "file"
    write_whole(file, "old")
    open_before = os.listdir("/proc/self/fd")

    def fails(descriptor: int, content: memoryview) -> int:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("amin_ref.files.writing.os.write", fails)
        with pytest.raises((CannotWrite, KeyboardInterrupt)):
            write_whole(file, "new")
    assert (os.listdir(tmp_path), file.read_text()) == (["file"], "old")
    write_whole(file, "new")
    destination(file)
    assert os.listdir("/proc/self/fd") == open_before


@WAYS
def test_a_file_with_the_descriptor_of_standard_input_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool
) -> None:
    """If standard input is closed, the next file that is opened has descriptor 0."""
    offer_unnamed_files(monkeypatch, unnamed=unnamed)
    kept = os.dup(0)
    os.close(0)
    try:
        write_whole(tmp_path / "file", "text")
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(0)
    finally:
        os.dup2(kept, 0)
        os.close(kept)
    assert (tmp_path / "file").read_text() == "text"


@WAYS
def test_a_name_of_the_largest_length_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool
) -> None:
    offer_unnamed_files(monkeypatch, unnamed=unnamed)
    file = tmp_path / ("é" * 127)
    for text in ("first", "second"):
        write_whole(file, text)
        assert (os.listdir(tmp_path), file.read_text()) == ([file.name], text)


def test_the_folder_of_a_new_file_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    flushed: list[bool] = []
    fsync = os.fsync

    def recording(descriptor: int) -> None:
        flushed.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr("amin_ref.files.writing.os.fsync", recording)
    for name in ("new", tmp_path / "newer"):
        write_new(name, "text")
    assert flushed == [False, True] * 2
    assert sorted(os.listdir()) == ["new", "newer"]


@WAYS
def test_write_new_never_replaces_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool
) -> None:
    offer_unnamed_files(monkeypatch, unnamed=unnamed)
    file = tmp_path / "file"
    write_new(file, "first é")
    with pytest.raises(FileExistsError):
        write_new(file, "second")
    assert (os.listdir(tmp_path), file.read_text("utf-8")) == (["file"], "first é")
    with pytest.raises(CannotWrite, match="there is no such folder"):
        write_new(tmp_path / "absent" / "file", "text")


def test_an_open_file_is_appended_to(tmp_path: Path) -> None:
    """Under /dev/fd and /proc/self/fd: if it were replaced, the open file would not change."""
    file = tmp_path / "file"
    file.write_text("before\n")
    with file.open() as stream:
        for name in (f"/dev/fd/{stream.fileno()}", f"/proc/self/fd/{stream.fileno()}"):
            assert destination(name).is_stream
            write_whole(name, "text\n")
        assert stream.read() == "before\ntext\ntext\n"
    assert not destination(file).is_stream


def test_a_file_of_another_program_is_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if it has the temporary name of the new file."""
    offer_unnamed_files(monkeypatch, unnamed=False)
    monkeypatch.setattr("amin_ref.files.writing.secrets.token_hex", lambda _: "0")
    write_whole(tmp_path / "file", "old")
    foreign = tmp_path / ".file.0.part"
    foreign.write_text("foreign")
    with pytest.raises(CannotWrite, match="File exists"):
        write_whole(tmp_path / "file", "new")
    assert (foreign.read_text(), (tmp_path / "file").read_text()) == ("foreign", "old")


def test_an_error_without_errno_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(descriptor: int, content: memoryview) -> int:
        raise OSError("the tape is torn")

    monkeypatch.setattr("amin_ref.files.writing.os.write", fails)
    with pytest.raises(CannotWrite, match="cannot be written: the tape is torn; give another"):
        write_whole(tmp_path / "file", "new")


def test_a_system_without_proc_gives_new_files_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amin_ref.files.writing._OPEN_FILES", str(tmp_path / "no-proc"))
    write_whole(tmp_path / "file", "text")
    assert (os.listdir(tmp_path), (tmp_path / "file").read_text()) == (["file"], "text")


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EISDIR, errno.EACCES])
def test_a_disk_without_unnamed_files_gives_new_files_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """EACCES, which is another error, is reported."""
    opened = os.open

    def refusing(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(number, os.strerror(number))
        return opened(path, flags, mode)

    monkeypatch.setattr("amin_ref.files.writing.os.open", refusing)
    if number == errno.EACCES:
        with pytest.raises(CannotWrite, match="Permission denied; give another file"):
            write_whole(tmp_path / "file", "text")
        assert os.listdir(tmp_path) == []
    else:
        write_whole(tmp_path / "file", "text")
        assert (os.listdir(tmp_path), (tmp_path / "file").read_text()) == (["file"], "text")


def test_a_file_without_write_permission_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write every file, so the system's answer is replaced."""
    file = tmp_path / "file"
    file.write_text("old")
    monkeypatch.setattr("amin_ref.files.writing.os.access", lambda _, mode: mode != os.W_OK)
    with pytest.raises(CannotWrite, match="permission denied; change its permissions or give ano"):
        destination(file)
    assert file.read_text() == "old"


KILLED = """
    import sys
    from amin_ref.files.writing import write_whole
    print("begun", flush=True)
    while True:
        for letter in "ab":
            write_whole(sys.argv[1], letter * 100_000)
"""


@pytest.mark.slow
def test_a_kill_leaves_the_old_or_the_new_text(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_whole(file, "whole")
    for attempt in range(50):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(KILLED), str(file)],
            cwd=PROJECT, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.01 + attempt / 2000)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        text = file.read_text()
        assert text in ("a" * 100_000, "b" * 100_000, "whole")
        # A kill between naming the new file and renaming it leaves .file.part.
        assert set(os.listdir(tmp_path)) <= {"file", ".file.part"}
        write_whole(file, "whole")
        assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}"])
def test_a_file_that_is_open_is_written_under_the_name_of_its_descriptor(
    tmp_path: Path, name: str
) -> None:
    """Renaming a new file over it would leave the open one empty."""
    with (tmp_path / "out").open("w") as out:
        out.write("before\n")
        out.flush()
        target = name.format(out.fileno())
        assert destination(target).is_stream
        write_whole(target, "text")
    assert (tmp_path / "out").read_text() == "before\ntext"


def test_standard_error_is_appended_to_under_its_path(tmp_path: Path) -> None:
    program = "from amin_ref.files.writing import write_whole; write_whole('/dev/stderr', 'text')"
    with (tmp_path / "err").open("w") as err:
        err.write("before\n")
        err.flush()
        subprocess.run([sys.executable, "-c", program], cwd=PROJECT, stderr=err, check=True)
    assert (tmp_path / "err").read_text() == "before\ntext"


def test_a_new_file_has_no_name_before_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system has such files: a process that is killed leaves nothing behind."""
    try:
        os.close(os.open(tmp_path, os.O_WRONLY | os.O_TMPFILE))
    except OSError:
        pytest.skip("the file system of temporary files has no files without a name")
    found: list[list[str]] = []
    synchronised = os.fsync

    def listing(descriptor: int) -> None:
        found.append(os.listdir(tmp_path))
        synchronised(descriptor)

    monkeypatch.setattr("amin_ref.files.writing.os.fsync", listing)
    write_whole(tmp_path / "file", "text")
    assert found[0] == []
