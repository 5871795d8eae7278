"""A source is opened once, reports errors in a sentence, and enforces its limits."""

from __future__ import annotations

import gzip
import io
import os
import random
import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amin_ref.files.reading import BEGINNING, LIMITS, CannotRead, Limits, Source, open_source

SMALL = Limits(bytes=350, expansion=3, unpacked=100, lines=10, line=40)

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


@given(
    lengths=st.lists(st.sampled_from([0, 1, 39, 40, 41, 42]) | st.integers(0, 300), max_size=12),
    ends=st.booleans(),
)
@example(lengths=[39, 39, 39, 39, 40, 5], ends=True)  # a line as long as its limit, at byte 200
@example(lengths=[1] * 10, ends=True)  # as many lines as are allowed
@example(lengths=[1] * 11, ends=True)  # one line more than is allowed
def test_limits_on_bytes_lines_and_line_lengths_are_exact(
    scratch: Path, lengths: list[int], ends: bool
) -> None:
    content = b"\n".join(b"x" * length for length in lengths) + (b"\n" if ends else b"")
    scratch.write_bytes(content)
    length = len(content)
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


@pytest.mark.parametrize("length", [349, 350, 351])
def test_the_limit_of_bytes_is_exact(scratch: Path, length: int) -> None:
    content = (b"x" * 39 + b"\n") * 9
    scratch.write_bytes(content[:length])
    for take in (Source.text, lambda source: list(source.lines())):
        with open_source(scratch, SMALL) as source:
            if length > 350:
                with pytest.raises(CannotRead, match=r"it has more than 350 bytes; if it is as it"):
                    take(source)
            else:
                take(source)


@given(repeated=st.integers(0, 600), various=st.binary(max_size=200))
@example(repeated=200, various=bytes(range(200)))  # too large, and packed hardly smaller
def test_the_limit_of_a_packed_file_depends_on_its_packed_size(
    scratch: Path, repeated: int, various: bytes
) -> None:
    """At most min(bytes, max(unpacked, expansion · packed size))."""
    content = b"x" * repeated + various
    packed = gzip.compress(content, mtime=0)
    scratch.write_bytes(packed)
    most = min(350, max(100, 3 * len(packed)))
    limits = replace(SMALL, lines=1000, line=1000)

    def held() -> bytes:
        with open_source(scratch, limits) as source:
            return b"".join(line for _, line in source.lines())

    if len(content) > most:
        with pytest.raises(CannotRead, match=f"it has more than {most} bytes"):
            held()
    else:
        assert held() == content


@given(factor=st.integers(1, 10**6))
def test_all_limits_are_raised_together(factor: int) -> None:
    assert asdict(LIMITS.times(factor)) == {
        name: factor * limit for name, limit in asdict(LIMITS).items()
    }


def test_a_read_that_fails_is_reported() -> None:
    """No page of a process's memory is at address 0, so the system answers EIO."""
    with (
        pytest.raises(CannotRead, match=r"cannot be read \(Input/output error\)") as refused,
        open_source("/proc/self/mem"),
    ):
        pass
    assert str(refused.value) == f"{refused.value.name}: {refused.value.why}."
    assert refused.value.name == "'/proc/self/mem'"


def test_unpacking_stops_at_the_limit(scratch: Path) -> None:
    """Less than 128 KiB of gzip hold 32 MiB; at most 16 MiB of them are unpacked."""
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


def test_ordinary_text_can_be_unpacked(scratch: Path) -> None:
    rows = b"".join(
        b" ".join(b"%d" % (place * factor % 4093) for factor in range(7919, 7999)) + b"\n"
        for place in range(60_000)
    )
    scratch.write_bytes(gzip.compress(rows, 1, mtime=0))
    assert len(rows) > LIMITS.unpacked
    with open_source(scratch) as source:
        assert sum(1 for _ in source.lines()) == 60_000


@pytest.mark.parametrize("longest", [40, LIMITS.line])
def test_a_long_line_is_not_read_into_memory(scratch: Path, longest: int) -> None:
    with scratch.open("wb") as file:
        file.truncate(2**28)
    limits = replace(LIMITS, line=longest)
    tracemalloc.start()
    try:
        with (
            open_source(scratch, limits) as source,
            pytest.raises(CannotRead, match="line 1 is longer"),
        ):
            next(source.lines())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * longest + 2**20


def test_bytes_before_the_position_of_a_stream_are_not_counted(scratch: Path) -> None:
    """Another program may have read the beginning of standard input."""
    scratch.write_bytes(b"y" * 100 + b"x" * SMALL.bytes)
    with scratch.open("rb") as plain:
        plain.seek(100)
        assert Source("the rest", plain, SMALL).text() == "x" * SMALL.bytes
    with scratch.open("rb") as plain:
        plain.seek(99)
        with pytest.raises(CannotRead, match="it has more than 350 bytes"):
            Source("the rest", plain, SMALL).text()


def test_a_text_that_is_too_large_is_refused_before_it_is_read(scratch: Path) -> None:
    """A sparse file of one byte more than the limit; a file as large as the limit is read."""
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


def test_a_pipe_is_read_whole_after_its_beginning_was_examined(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = b'{"format": "amin-ref/instance"' + b" " * 500 + b"}\n"
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    with open_source(pipe) as source:
        assert source.beginning == content[:BEGINNING]
        assert source.text().encode() == content
    writer.join()


def test_a_packed_pipe_is_limited_by_bytes_alone(tmp_path: Path) -> None:
    """The packed size of a pipe is not known in advance, so only the limit on bytes applies."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = b"x\n" * (SMALL.unpacked // 2 + 1)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(content, mtime=0),))
    writer.start()
    with open_source(pipe, replace(SMALL, lines=1000)) as source:
        assert source.text().encode() == content
    writer.join()


def test_a_packed_text_is_limited_by_its_unpacked_size(scratch: Path) -> None:
    """Random text is larger when it is packed; only the unpacked size is limited."""
    content = random.Random(2).randbytes(SMALL.bytes - 3).replace(b"\n", b"x").replace(b"\r", b"x")
    text = "".join(chr(byte % 95 + 32) for byte in content)
    packed = gzip.compress(text.encode(), 0, mtime=0)
    assert len(packed) > SMALL.bytes >= len(text)
    scratch.write_bytes(packed)
    with open_source(scratch, SMALL) as source:
        assert source.text() == text


def test_a_file_may_grow_while_it_is_read(scratch: Path) -> None:
    """A file that is not packed is limited by the bytes read, not by its size when opened."""
    scratch.write_bytes(b"")
    with open_source(scratch, SMALL) as source:
        scratch.write_bytes(b"x\n" * SMALL.unpacked)
        assert source.text() == "x\n" * SMALL.unpacked


@given(cut=st.floats(0, 1, exclude_max=True))
@example(cut=0.0)
def test_a_cut_gzip_stream_is_reported_with_the_last_line_read(scratch: Path, cut: float) -> None:
    content = b"\n".join(b"%d" % number for number in random.Random(1).sample(range(10**9), 300))
    packed = gzip.compress(content, mtime=0)
    scratch.write_bytes(packed[: 30 + int(cut * (len(packed) - 30))])
    found: list[int] = []
    with pytest.raises(CannotRead) as refused, open_source(scratch) as source:
        found.extend(number for number, _ in source.lines())
    after = f" (after line {found[-1]})" if found else ""
    assert refused.value.why == f"the gzip stream ends too early{after}; fetch the file again"


@pytest.mark.parametrize("size", range(1, 60, 7))
def test_a_cut_gzip_stream_is_reported_when_all_text_is_read(scratch: Path, size: int) -> None:
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
def test_a_path_that_cannot_be_opened_is_reported(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(CannotRead) as refused, open_source(str(tmp_path / name)):
        pass
    assert str(refused.value).endswith(f": {why}.")


def test_a_file_without_read_permission_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read every file, so the system's answer is replaced."""

    def refusing(path: str, mode: str) -> io.BufferedReader:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refusing)
    with pytest.raises(CannotRead) as refused, open_source("file"):
        pass
    assert refused.value.why == "it may not be read; change its permissions or give another file"


class Torn(io.RawIOBase):
    """A device whose errors have no errno."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        raise OSError("the tape is torn")


def test_an_error_without_errno_is_reported() -> None:
    with pytest.raises(CannotRead) as refused:
        Source("the tape", io.BufferedReader(Torn()), LIMITS)
    assert refused.value.why == "it cannot be read (the tape is torn); give a readable file"


def test_bytes_that_are_not_utf_8_are_reported(scratch: Path) -> None:
    scratch.write_bytes(b"caf\xe9")
    with open_source(scratch) as source, pytest.raises(CannotRead, match="byte 3 is no UTF-8 text"):
        source.text()


def test_standard_input_is_a_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("1,2\n")
    with (tmp_path / "file").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        with open_source("-") as source:
            assert (source.name, source.text()) == ("standard input", "1,2\n")
        assert not stream.closed
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(CannotRead, match=r"^standard input: it is closed; give a file"):
        open_source("-").__enter__()


def test_the_limits_are_those_of_the_page() -> None:
    """``proofs_notes/limits.md`` says how large an input may be."""
    assert Limits() == LIMITS
    assert asdict(LIMITS) == {
        "bytes": 536_870_912,
        "expansion": 100,
        "unpacked": 16_777_216,
        "lines": 10_000_000,
        "line": 16_777_216,
    }


def test_the_beginning_of_a_source_has_200_bytes(scratch: Path) -> None:
    scratch.write_bytes(b"0123456789" * 30)
    with open_source(scratch) as source:
        assert source.beginning == b"0123456789" * 20


def test_a_gzip_stream_that_ends_before_its_first_line_is_reported_without_a_line(
    scratch: Path,
) -> None:
    scratch.write_bytes(gzip.compress(b"text", mtime=0)[:12])
    with (
        pytest.raises(CannotRead, match=r"the gzip stream ends too early; fetch the file again"),
        open_source(scratch) as source,
    ):
        source.text()
