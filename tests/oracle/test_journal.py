"""A journal keeps every line that was written whole, and changes no file of another kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref.files.locking import lock
from amin_ref.model.errors import CannotWrite, InvalidDocument, InvalidValue
from oracle.journal import LONGEST_HEADER, Journal
from tests.support.project import PROJECT

HEADER = {"format": "amin-ref/test-journal", "version": 1}
FIRST_LINE = json.dumps(HEADER).encode() + b"\n"


def lines_of(path: Path) -> list[str]:
    found: list[str] = []
    journal = Journal(path, HEADER)
    journal.read(lambda _number, line: found.append(line))
    journal.close()
    return found


def written(path: Path, values: list[int]) -> None:
    journal = Journal(path, HEADER)
    for value in values:
        journal.append({"value": value})
    journal.close()


@given(values=st.lists(st.integers(), max_size=5), more=st.integers(), data=st.data())
def test_a_journal_cut_at_any_byte_keeps_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, values: list[int], more: int, data: st.DataObject
) -> None:
    """As after a kill: the whole lines before the cut are read, and a further line is appended."""
    path = tmp_path_factory.mktemp("journal") / "file"
    written(path, values)
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    whole = content[:cut].count(b"\n")
    written(path, [more])
    expected = [HEADER, *({"value": value} for value in values)][: max(1, whole)]
    assert [json.loads(line) for line in lines_of(path)] == [*expected, {"value": more}]


@given(content=st.binary(min_size=1, max_size=200) | st.text(min_size=1).map(str.encode))
def test_a_file_that_is_no_journal_is_refused_unchanged(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("journal") / "table.csv"
    path.write_bytes(content)
    if FIRST_LINE.startswith(content):
        return
    with pytest.raises(InvalidDocument, match="is no checkpoint of this kind"):
        Journal(path, HEADER)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [
        b"arrived_at,num_prefill_tokens,num_decode_tokens\n0,100,20\n0.5,30",
        b'{"format": "amin-ref/another", "version": 1}\n{"value": 1}\n{"val',
        b'{"format": "amin-ref/another", "version": 1}',
        b"[" * 5000,
        b'["amin-ref/test-journal"]\n{"val',
    ],
    ids=["csv", "another journal", "its header alone", "deep", "a list"],
)
def test_a_foreign_file_without_a_last_line_end_is_not_cut(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InvalidDocument):
        Journal(path, HEADER)
    assert path.read_bytes() == content


def test_a_fragment_in_the_middle_is_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "file"
    written(path, [1, 2])
    damaged = path.read_bytes().replace(b'{"value": 1}', b'{"val')
    path.write_bytes(damaged)
    assert lines_of(path)[1] == '{"val'
    assert path.read_bytes() == damaged


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_only_regular_files_are_journals(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/full")
    with pytest.raises(InvalidDocument, match="is a folder, a device or a pipe"):
        Journal(path, HEADER)


@pytest.mark.parametrize("room", [0, 1, 5, 12])
def test_a_full_disk_leaves_no_fragment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """The part of a line that was written is removed; the next line is then appended."""
    path = tmp_path / "file"
    journal = Journal(path, HEADER)
    journal.append({"value": 1})
    before = path.read_bytes()
    left = [room]
    whole = os.write

    def nearly_full(descriptor: int, content: memoryview) -> int:
        if left[0] == 0:
            raise OSError(28, "No space left on device")
        count = whole(descriptor, content[: left[0]])
        left[0] -= count
        return count

    with monkeypatch.context() as patched:
        patched.setattr("amin_ref.files.writing.os.write", nearly_full)
        with pytest.raises(CannotWrite, match=r"cannot be written: No space left on device; free"):
            journal.append({"value": 2})
    assert path.read_bytes() == before
    journal.append({"value": 3})
    journal.close()
    assert [json.loads(line) for line in lines_of(path)] == [HEADER, {"value": 1}, {"value": 3}]


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    program = (
        "import sys; from pathlib import Path; from oracle.journal import Journal; "
        f"Journal(Path(sys.argv[1]), {HEADER!r})"
    )
    another = [sys.executable, "-c", program, str(path)]
    journal = Journal(path, HEADER)
    refused = subprocess.run(another, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert "CannotWrite" in refused.stderr
    assert "is in use by another process" in refused.stderr
    journal.append({"value": 1})
    journal.close()
    subprocess.run(another, cwd=PROJECT, check=True)
    assert len(lines_of(path)) == 2


@given(
    lengths=st.lists(st.integers(0, LONGEST_HEADER), min_size=3, max_size=9), cut=st.integers(0, 9)
)
def test_a_journal_longer_than_its_longest_header_is_kept_whole(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], cut: int
) -> None:
    """A journal is recognised by its first bytes; lines beyond them are not cut off."""
    path = tmp_path_factory.mktemp("journal") / "file"
    journal = Journal(path, HEADER)
    for length in (*lengths, LONGEST_HEADER):
        journal.append({"value": "x" * length})
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"value": 1}'[:cut])
    assert [len(json.loads(line)["value"]) for line in lines_of(path)[1:]] == [
        *lengths,
        LONGEST_HEADER,
    ]
    assert path.read_bytes() == whole


def test_each_line_is_read_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "file"
    written(path, [5, 6])
    found: list[tuple[int, str]] = []
    journal = Journal(path, HEADER)
    journal.read(lambda number, line: found.append((number, line)))
    assert [number for number, _ in found] == [1, 2, 3]
    assert [json.loads(line) for _, line in found] == [HEADER, {"value": 5}, {"value": 6}]

    def refuse(number: int, line: str) -> None:
        if number == 3:
            raise InvalidValue("value", json.loads(line)["value"], "it must be 5", "give 5")

    with pytest.raises(InvalidDocument) as refused:
        journal.read(refuse)
    assert str(refused.value) == f"'{path}', line 3: value is 6, but it must be 5; give 5."
    journal.close()
    path.write_bytes(FIRST_LINE + b"caf\xe9\n")
    journal = Journal(path, HEADER)
    with pytest.raises(InvalidDocument, match=r"file', line 2: it is not UTF-8 text\.$"):
        journal.read(lambda _number, _line: None)
    journal.close()


def test_a_line_is_on_the_disk_when_append_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    journal = Journal(path, HEADER)
    synced: list[bytes] = []
    monkeypatch.setattr("oracle.journal.os.fsync", lambda _: synced.append(path.read_bytes()))
    journal.append({"value": 1})
    assert synced == [path.read_bytes()] == [FIRST_LINE + b'{"value": 1}\n']
    journal.close()


def test_ctrl_c_within_a_line_leaves_no_fragment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    journal = Journal(path, HEADER)
    whole = os.write

    def interrupted(descriptor: int, content: memoryview) -> int:
        whole(descriptor, content[:3])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("amin_ref.files.writing.os.write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            journal.append({"value": 1})
    assert path.read_bytes() == FIRST_LINE
    journal.close()


def is_free(path: Path) -> bool:
    """Whether no open journal has the file's lock."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        return lock(descriptor)
    finally:
        os.close(descriptor)


def test_the_lock_is_released_with_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "file"
    journal = Journal(path, HEADER)
    assert not is_free(path)
    journal.close()
    assert is_free(path)
    journal.close()  # a second time is no error
    forgotten = Journal(path, HEADER)
    assert not is_free(path)
    del forgotten
    assert is_free(path)
    with pytest.raises(InvalidDocument) as refused:
        Journal(path, {"format": "amin-ref/another"})
    assert is_free(path), refused.value  # although the traceback still refers to the journal


def test_a_second_journal_is_refused_and_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "file"
    journal = Journal(path, HEADER)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(CannotWrite, match="is in use by another process"):
        Journal(path, HEADER)
    assert os.listdir("/proc/self/fd") == before
    journal.close()


@pytest.mark.parametrize(
    ("name", "why"),
    [("missing/file", "No such file or directory"), ("nul\0byte", "embedded null byte")],
)
def test_a_journal_that_cannot_be_opened_is_refused_with_the_reason(
    tmp_path: Path, name: str, why: str
) -> None:
    with pytest.raises(CannotWrite) as refused:
        Journal(tmp_path / name, HEADER)
    assert str(refused.value).endswith(f"cannot be written: {why}; free it or name another file.")


def test_a_new_journal_has_the_permissions_of_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    Journal(tmp_path / "file", HEADER).close()
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("length", [4096, 4097])
def test_a_header_of_4096_bytes_is_the_longest_that_is_recognised(
    tmp_path: Path, length: int
) -> None:
    """Of a longer one that is not the same, the format is not known: nothing is changed."""
    filled = HEADER | {"of": "x" * (length - len(json.dumps(HEADER | {"of": ""})) - 1)}
    path = tmp_path / "journal"
    Journal(path, filled).close()
    content = path.read_bytes() + b'{"value"'
    path.write_bytes(content)
    assert content.index(b"\n") + 1 == length
    if length == 4096:
        assert lines_of(path) == [json.dumps(filled)]
    else:
        with pytest.raises(InvalidDocument, match="is no checkpoint of this kind"):
            Journal(path, HEADER)
        assert path.read_bytes() == content
