"""A source is opened once, says what is wrong in a sentence, and stays within its limits."""

from __future__ import annotations

import gzip
import os
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref.files.reading import BEGINNING, LIMITS, CannotRead, Limits, open_source

SMALL = Limits(bytes=1000, expansion=3, unpacked=100, lines=10, line=40)

packings = st.sampled_from([bytes, gzip.compress])


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sources") / "file"


def naive_lines(content: bytes) -> list[tuple[int, bytes]]:
    return list(enumerate(content.splitlines(keepends=True), start=1))


line_ends = st.lists(st.binary(max_size=300).map(lambda line: line.replace(b"\r", b"")), max_size=9)


@given(lines=line_ends, pack=packings)
def test_lines_are_those_of_the_file(
    scratch: Path, lines: list[bytes], pack: Callable[[bytes], bytes]
) -> None:
    content = b"\n".join(lines)
    if content.startswith(b"\x1f\x8b"):
        return
    scratch.write_bytes(pack(content))
    with open_source(scratch) as source:
        assert source.beginning == content[:BEGINNING]
        found = list(source.lines())
    assert b"".join(line for _, line in found) == content
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    assert all(line.count(b"\n") == line.endswith(b"\n") for _, line in found)
    assert all(line.endswith(b"\n") for _, line in found[:-1])


@given(text=st.text(), pack=packings)
def test_text_is_that_of_the_file(scratch: Path, text: str, pack: Callable[[bytes], bytes]) -> None:
    content = text.encode("utf-8", "replace")
    scratch.write_bytes(pack(b"\xef\xbb\xbf" + content))
    with open_source(scratch) as source:
        assert source.text() == content.decode()


@given(length=st.integers(0, 2000), every=st.integers(1, 100))
def test_a_limit_is_kept_exactly(scratch: Path, length: int, every: int) -> None:
    content = bytes(
        ord("\n") if place % every == every - 1 else ord("x") for place in range(length)
    )
    scratch.write_bytes(content)
    too_large = (
        length > SMALL.bytes
        or len(naive_lines(content)) > SMALL.lines
        or max((len(line.rstrip(b"\n")) for line in content.splitlines()), default=0) > SMALL.line
    )
    with open_source(scratch, SMALL) as source:
        if too_large:
            with pytest.raises(CannotRead, match=r"raise the limits with --input-limit 10\.$"):
                list(source.lines())
        else:
            assert list(source.lines()) == naive_lines(content)
    with open_source(scratch, SMALL.times(1000)) as source:
        assert b"".join(line for _, line in source.lines()) == content


def test_a_small_file_must_not_unpack_to_a_large_one(scratch: Path) -> None:
    """Half a megabyte of gzip holds half a gigabyte: 16 MiB of it are read, and no more."""
    bomb = gzip.compress(b"1,1\n" * 2**23, mtime=0)
    assert len(bomb) < 2**17
    scratch.write_bytes(bomb)
    tracemalloc.start()
    try:
        with open_source(scratch) as source, pytest.raises(CannotRead, match=r"16,777,216 bytes"):
            source.text()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * 2**24


def test_ordinary_text_may_be_packed(scratch: Path) -> None:
    rows = b"".join(
        b"%d,%d\n" % (place * 7919 % 4093, place * 104_729 % 997) for place in range(3_000_000)
    )
    scratch.write_bytes(gzip.compress(rows, 1, mtime=0))
    assert len(rows) > LIMITS.unpacked
    with open_source(scratch) as source:
        assert sum(1 for _ in source.lines()) == 3_000_000


def test_a_long_line_is_not_taken_into_memory(scratch: Path) -> None:
    with scratch.open("wb") as file:
        file.truncate(2**28)
    tracemalloc.start()
    try:
        with open_source(scratch) as source, pytest.raises(CannotRead, match="line 1 is longer"):
            next(source.lines())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * LIMITS.line


def test_a_text_that_is_too_large_is_refused_before_it_is_read(scratch: Path) -> None:
    """A sparse file of half a gigabyte and a byte; a larger limit takes it."""
    with scratch.open("wb") as file:
        file.truncate(LIMITS.bytes + 1)
    tracemalloc.start()
    try:
        with open_source(scratch) as source, pytest.raises(CannotRead, match="--input-limit"):
            source.text()
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    scratch.write_bytes(b"x" * SMALL.bytes)
    with open_source(scratch, SMALL) as source:
        assert source.text() == "x" * SMALL.bytes


def test_a_pipe_is_looked_at_and_then_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = b'{"format": "amin-ref/instance"' + b" " * 500 + b"}\n"
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    with open_source(pipe) as source:
        assert source.beginning == content[:BEGINNING]
        assert source.text().encode() == content
    writer.join()


@pytest.mark.parametrize("size", range(1, 60, 7))
def test_a_cut_gzip_stream_is_told(scratch: Path, size: int) -> None:
    packed = gzip.compress(b"question_length,answer_length\n1,2\n3,4\n", mtime=0)
    scratch.write_bytes(packed[: min(size + 1, len(packed) - 1)])
    with (
        pytest.raises(CannotRead, match="the gzip stream ends too early"),
        open_source(scratch) as source,
    ):
        source.text()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("absent", "there is no such file; check the path"),
        (".", "this is a directory; give a file in it"),
        ("nul\0byte", "it cannot be read (embedded null byte); give a readable file"),
        ("n" * 5000, "it cannot be read (File name too long); give a readable file"),
    ],
)
def test_what_cannot_be_opened_is_told(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(CannotRead) as refused, open_source(str(tmp_path / name)):
        pass
    assert str(refused.value).endswith(f": {why}.")


def test_text_that_is_none_is_told(scratch: Path) -> None:
    scratch.write_bytes(b"caf\xe9")
    with open_source(scratch) as source, pytest.raises(CannotRead, match="byte 3 is no UTF-8 text"):
        source.text()
