"""Readers of traces: each known format is read back, and no input ends in a traceback."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amin_ref import AminError, InvalidValue, InvalidWorkload
from amin_ref.files.reading import open_source
from amin_ref.workloads import Row, read_trace
from amin_ref.workloads.fields import (
    NANOSECONDS_IN,
    TIME_UNITS,
    UNIT_TITLES,
    TimeUnit,
    nanoseconds_from_instant,
    tokens_from_text,
)
from tests.support.real_data import azure_file, lmsys_file

Writer = Callable[[Sequence[Row]], str]

tokens = st.integers(-3, 10**6) | st.integers(-(2**53) + 1, 2**53 - 1)


def rows_with(times: st.SearchStrategy[int | None]) -> st.SearchStrategy[list[Row]]:
    return st.lists(st.builds(Row, tokens, tokens, times), min_size=1, max_size=8)


def written_azure(rows: Sequence[Row]) -> str:
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    for row in rows:
        seconds, rest = divmod(row.time_ns or 0, 10**9)
        instant = datetime(1970, 1, 1) + timedelta(seconds=seconds)
        # Python's isoformat has microseconds only; the files have seven digits.
        lines.append(f"{instant} ,{row.prompt_len},{row.output_len}".replace(" ,", f".{rest:09},"))
    return "\n".join(lines) + "\n"


def written_azure_2024(rows: Sequence[Row]) -> str:
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    for row in rows:
        # As pandas writes an aware instant: no fraction where it is zero.
        seconds, rest = divmod(row.time_ns or 0, 10**9)
        instant = datetime(1970, 1, 1) + timedelta(seconds=seconds, microseconds=rest // 1000)
        lines.append(f"{instant}+00:00,{row.prompt_len},{row.output_len}")
    return "\n".join(lines) + "\n"


def written_lmsys(rows: Sequence[Row]) -> str:
    lines = [f"{row.prompt_len},{row.output_len}" for row in rows]
    return "\n".join(["question_length,answer_length", *lines])


def decimal_seconds(row: Row) -> str:
    seconds, rest = divmod(row.time_ns or 0, 10**9)
    return f"{seconds}.{rest:09}"


def written_burstgpt(rows: Sequence[Row]) -> str:
    lines = ["Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type"]
    lines += [
        f"{decimal_seconds(row)},GPT-4,{row.prompt_len},{row.output_len},"
        f'{row.prompt_len + row.output_len},"Conversation, log"'
        for row in rows
    ]
    return "\r\n".join(lines) + "\r\n\r\n"


def written_burstgpt_2(rows: Sequence[Row]) -> str:
    lines = [
        "Timestamp,Session ID,Elapsed time,Model,Request tokens, Response tokens,Total tokens,Log"
    ]
    lines += [
        f"{decimal_seconds(row)},,1.5,ChatGPT,{row.prompt_len},{row.output_len},0,API log"
        for row in rows
    ]
    return "\n".join(lines)


def written_vidur(rows: Sequence[Row]) -> str:
    lines = ["arrived_at,num_prefill_tokens,num_decode_tokens"]
    lines += [f"{decimal_seconds(row)},{row.prompt_len},{row.output_len}" for row in rows]
    return "\ufeff" + "\n".join(lines)


def written_vidur_lengths(rows: Sequence[Row]) -> str:
    lines = ["num_prefill_tokens,num_decode_tokens,num_total_tokens,pd_ratio"]
    lines += [f"{row.prompt_len},{row.output_len},7,0.5" for row in rows]
    return "\n".join(lines)


def written_splitwise(rows: Sequence[Row]) -> str:
    lines = [
        "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size"
    ]
    lines += [
        f"{number},2,0,{decimal_seconds(row)},1,{row.prompt_len},{row.output_len}"
        for number, row in enumerate(rows)
    ]
    return "\n".join(lines)


def written_llmservingsim(rows: Sequence[Row]) -> str:
    lines = ["input_toks\toutput_toks\tarrival_time_ns"]
    lines += [f"{row.prompt_len}\t{row.output_len}\t{row.time_ns}" for row in rows]
    return "\n".join(lines)


def as_objects(rows: Sequence[Row], names: Sequence[str], times: Sequence[str]) -> str:
    """JSON lines with a time's own text, which may have more digits than a float."""
    prompt, output, time = names
    return "".join(
        f'{{"{prompt}": {row.prompt_len}, "{output}": {row.output_len}, "{time}": {text}}}\n'
        for row, text in zip(rows, times, strict=True)
    )


def written_llmservingsim_lines(rows: Sequence[Row]) -> str:
    names = ("input_toks", "output_toks", "arrival_time_ns")
    return as_objects(rows, names, [str(row.time_ns) for row in rows])


def written_vllm_bench(rows: Sequence[Row]) -> str:
    names = ("input_toks", "output_toks", "arrival_time")
    return as_objects(rows, names, [decimal_seconds(row) for row in rows])


def written_bailian(rows: Sequence[Row]) -> str:
    names = ("input_length", "output_length", "timestamp")
    lines = as_objects(rows, names, [decimal_seconds(row) for row in rows])
    return lines.replace("{", '{"chat_id": 159, "parent_chat_id": -1, "turn": 1, ')


def written_aiperf(rows: Sequence[Row]) -> str:
    return "\n".join(
        json.dumps({"input_length": row.prompt_len, "output_length": row.output_len})
        for row in rows
    )


def written_mooncake(rows: Sequence[Row]) -> str:
    return "\n".join(
        json.dumps(
            {
                "timestamp": (row.time_ns or 0) // 10**6,
                "input_length": row.prompt_len,
                "output_length": row.output_len,
                "hash_ids": [0, 1, 2],
            }
        )
        for row in rows
    )


def times_every(nanoseconds: int, most: int) -> st.SearchStrategy[int | None]:
    return st.integers(0, most // nanoseconds).map(lambda ticks: ticks * nanoseconds)


a_century = 10**9 * 86400 * 36525
formats: list[tuple[Writer, st.SearchStrategy[list[Row]]]] = [
    (written_azure, rows_with(times_every(1, a_century))),
    (written_azure_2024, rows_with(times_every(1000, a_century))),
    (written_lmsys, rows_with(st.none())),
    (written_burstgpt, rows_with(times_every(1, 10**18))),
    (written_burstgpt_2, rows_with(times_every(1, 10**18))),
    (written_vidur, rows_with(times_every(1, 10**18))),
    (written_vidur_lengths, rows_with(st.none())),
    (written_mooncake, rows_with(times_every(10**6, 10**18))),
    (written_bailian, rows_with(times_every(1, 10**18))),
    (written_vllm_bench, rows_with(times_every(1, 2 * 10**18))),
    (written_llmservingsim, rows_with(times_every(1, 2**53 - 1))),
    (written_llmservingsim_lines, rows_with(times_every(1, 2**53 - 1))),
    (written_splitwise, rows_with(times_every(1, 10**18))),
    (written_aiperf, rows_with(st.none())),
]
written_rows = st.one_of([st.tuples(st.just(write), rows) for write, rows in formats])
packings = st.sampled_from([lambda data: data, gzip.compress])


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces") / "trace"


@pytest.mark.parametrize(
    ("write", "row_lists"),
    formats,
    ids=[write.__name__.removeprefix("written_") for write, _ in formats],
)
@given(data=st.data(), pack=packings)
@settings(max_examples=40)
def test_rows_written_in_each_format_are_read_back(
    scratch: Path,
    write: Callable[[Sequence[Row]], str],
    row_lists: st.SearchStrategy[list[Row]],
    data: st.DataObject,
    pack: Callable[[bytes], bytes],
) -> None:
    rows = data.draw(row_lists)
    scratch.write_bytes(pack(write(rows).encode()))
    assert list(read_trace(scratch)) == rows


def assert_read_or_refused(path: Path) -> None:
    try:
        for row in read_trace(path):
            assert type(row.prompt_len) is int
            assert type(row.output_len) is int
            assert row.time_ns is None or type(row.time_ns) is int
    except AminError as error:
        sentence = str(error)
    else:
        return
    assert sentence.endswith(".")
    assert sentence.isprintable()


@settings(max_examples=200)
@given(data=st.binary(max_size=200), pack=packings)
def test_no_bytes_end_in_a_traceback(
    scratch: Path, data: bytes, pack: Callable[[bytes], bytes]
) -> None:
    scratch.write_bytes(pack(data))
    assert_read_or_refused(scratch)


@settings(max_examples=200)
@given(
    written=written_rows,
    packs=st.tuples(packings, st.integers(0, 400), st.binary(max_size=6), packings),
    cut=st.integers(0, 6),
)
def test_no_damage_ends_in_a_traceback(
    scratch: Path,
    written: tuple[Writer, list[Row]],
    packs: tuple[Callable[[bytes], bytes], int, bytes, Callable[[bytes], bytes]],
    cut: int,
) -> None:
    """Bytes replaced somewhere, before or after packing: in the text, or in the gzip stream."""
    write, rows = written
    before, place, patch, after = packs
    data = before(write(rows).encode())
    place %= len(data)
    scratch.write_bytes(after(data[:place] + patch + data[place + cut :]))
    assert_read_or_refused(scratch)


LINE_PIECES = (
    *(
        "{",
        "}",
        '"timestamp":',
        '"input_length":',
        "1e999",
        "NaN",
        "-1",
        "null",
        "true",
        "[" * 3000,
    ),
    *('"', ",", "0", "9" * 400, "9" * 5000, "1.5", "2023-11-16 18:15:46.6805900", "0001-01-01"),
    *(
        "+99:99",
        "2023-02-30 00:00:00",
        "inf",
        "nan",
        "٣",
        "\x00",
        "\u2028",
        "\r",
        "1_0",
        " ",
        "0x1",
    ),
)


@given(
    write=st.sampled_from([write for write, _ in formats]),
    pieces=st.lists(st.sampled_from(LINE_PIECES)),
)
def test_no_line_ends_in_a_traceback(scratch: Path, write: Writer, pieces: list[str]) -> None:
    header = write([Row(1, 1, 0)]).strip().splitlines()
    scratch.write_text("\n".join([*header, "".join(pieces)]), encoding="utf-8")
    assert_read_or_refused(scratch)


def rows_of(tmp_path: Path, text: str | bytes) -> list[Row]:
    path = tmp_path / "trace.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_trace(path))


def test_each_format_gives_the_rows_written_by_hand(tmp_path: Path) -> None:
    azure = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44"
    assert rows_of(tmp_path, azure) == [Row(374, 44, 1_700_158_546_680_590_000)]
    later = "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 02:00:00.009930+02:00,2162,5\n"
    assert rows_of(tmp_path, later) == [Row(2162, 5, 1_715_299_200_009_930_000)]
    lmsys = "question_length,answer_length\n24,10\n0,3\n"
    assert rows_of(tmp_path, lmsys) == [Row(24, 10), Row(0, 3)]
    burst = (
        "Timestamp, Model, Request tokens, Response tokens, Total tokens, Log Type\n"
        "5.25,ChatGPT,472,18,490,Conversation log\n"
    )
    assert rows_of(tmp_path, burst) == [Row(472, 18, 5_250_000_000)]
    vidur = "arrived_at,num_prefill_tokens,num_decode_tokens\n5.8926549999999995,91,16\n1e-05,2,3\n"
    assert rows_of(tmp_path, vidur) == [Row(91, 16, 5_892_654_999), Row(2, 3, 10_000)]
    mooncake = (
        '{"timestamp": 27482, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]}\n'
    )
    assert rows_of(tmp_path, mooncake) == [Row(6758, 500, 27_482_000_000)]
    reordered = '"answer_length","x","question_length"\n10,"a, b",24\n'
    assert rows_of(tmp_path, reordered) == [Row(24, 10)]


def test_blank_lines_are_skipped_and_counted_in_line_numbers(tmp_path: Path) -> None:
    assert rows_of(tmp_path, "\n\nquestion_length,answer_length\n1,2\n  \n3,4\n\n\n") == [
        Row(1, 2),
        Row(3, 4),
    ]
    with pytest.raises(InvalidWorkload, match=r"line 4: answer_length is 'x'"):
        rows_of(tmp_path, "question_length,answer_length\n1,2\n\n3,x\n")


BAD_ROWS = [
    ("question_length,answer_length\n1,2\n3,4.5", r"line 3: answer_length is '4.5', but it must"),
    ("question_length,answer_length\n1,2\n3", r"line 3: the number of fields is 1, but .* 2 col"),
    ("question_length,answer_length\n1,", r"line 2: answer_length is '', but it must be a whole"),
    ("question_length,answer_length\n1," + "9" * 400, r"line 2: answer_length .*2\*\*53 - 1 tok"),
    ("question_length,answer_length\n1,٣", r"line 2: answer_length is '٣', but it must be a wh"),
    ("question_length,answer_length\n1," + "9" * 5000, r"line 2: answer_length .*\*53 - 1 tok"),
    ("question_length,answer_length\n1,2,3", r"line 2: the number of fields is 3, but .* 2 col"),
    ('question_length,answer_length\n1,"2', r"line 2: the line is .*quotation marks"),
    ("arrived_at,num_prefill_tokens,num_decode_tokens\nnan,1,2", r"line 2: arrived_at is 'nan'"),
    ("arrived_at,num_prefill_tokens,num_decode_tokens\n-1,1,2", r"line 2: arrived_at is '-1'"),
    ("arrived_at,num_prefill_tokens,num_decode_tokens\n1e99,1,2", r"line 2: arrived_at is '1e99'"),
    ("Timestamp,Model,Request tokens,Response tokens\ninf,m,1,2", r"line 2: Timestamp is 'inf'"),
    (
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-02-30 00:00:00,1,2",
        r"line 2: TIMESTAMP is '2023-02-30 00:00:00', but",
    ),
    ("TIMESTAMP,ContextTokens,GeneratedTokens\n5,1,2", r"line 2: TIMESTAMP is '5', but"),
    ('{"timestamp": 0, "input_length": 5}', r"line 1: .* the keys of no format that is known"),
    (
        '{"timestamp": 0, "input_length": 5, "output_length": 6}\n{"timestamp": 0}',
        r"line 2: .* the key 'input_length' is missing, which Mooncake has",
    ),
    ('{"timestamp": 0, "input_length": 5', r"line 1: .* it must be one JSON object"),
    ('{"timestamp": ' + "[" * 100_000, r"line 1: .* it must be one JSON object"),
    (
        '{"timestamp": true, "input_length": 5, "output_length": 6}',
        r"line 1: timestamp is True, but",
    ),
    (
        '{"timestamp": 0, "input_length": 5, "output_length": 6}\n[1, 2]',
        r"line 2: the line is .* one JSON object",
    ),
    (
        '{"timestamp": NaN, "input_length": 5, "output_length": 6}',
        r"line 1: timestamp is nan, but",
    ),
    (
        '{"timestamp": 0, "input_length": true, "output_length": 6}',
        r"line 1: input_length is True, but",
    ),
    (
        '{"timestamp": 0, "input_length": 5.5, "output_length": 6}',
        r"line 1: input_length is 5.5, but it must be a whole number",
    ),
    (
        '{"timestamp": 0, "input_length": 9007199254740992, "output_length": 6}',
        r"line 1: input_length is 9007199254740992, but no request has more than 2\*\*53 - 1 tok",
    ),
    (
        '{"timestamp": 0, "input_length": 9007199254740992.0, "output_length": 6}',
        r"line 1: input_length is 9007199254740992.0, but no request has more than 2\*\*53 - 1 ",
    ),
    (
        '{"timestamp": 0, "input_length": 1e999999999, "output_length": 6}',
        r"line 1: input_length is inf, but no request has more than 2\*\*53 - 1 tokens",
    ),
    (
        "question_length,answer_length\n1,9007199254740992",
        r"line 2: answer_length is 9007199254740992, but no request has more than 2\*\*53 - 1 tok",
    ),
    (
        '{"timestamp": -1, "input_length": 5, "output_length": 6}',
        r"line 1: timestamp is -1, but it must be a time in milliseconds",
    ),
    (
        '{"timestamp": -0.5, "input_length": 5, "output_length": 6}',
        r"line 1: timestamp is -0\.5, but it must be a time in milliseconds",
    ),
    (
        '{"timestamp": "5", "input_length": 5, "output_length": 6}',
        r"line 1: timestamp is '5', but it must be a time in milliseconds",
    ),
    (
        '{"timestamp": 1e999999999, "input_length": 5, "output_length": 6}',
        r"line 1: timestamp is inf, but it must be a time in milliseconds",
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD_ROWS)
def test_a_malformed_row_is_refused_with_file_and_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InvalidWorkload, match=r"trace\.csv', " + message):
        rows_of(tmp_path, text)


GZIPPED = gzip.compress(b"question_length,answer_length\n" + b"12,34\n" * 5000, mtime=0)
BAD_FILES = [
    (b"", r"the file is empty"),
    (b"\n \r\n", r"the file is empty"),
    (gzip.compress(b"", mtime=0), r"the file is empty"),
    (b"question_length,answer_length\n\n", r"there is a header and no row"),
    (b"\x7fELF\x02\x01\x00\x00", r"line 1: this is a binary file"),
    (b"question_length,answer_length\n1,2\n\x00,3", r"line 3: this is a binary file"),
    (b"caf\xe9,x\n1,2\n", r"line 1: this is not UTF-8 text"),
    (b"x" * (2**24 + 1), r"line 1 is longer than 16,777,216 bytes"),
    (gzip.compress(b"y" * (2**24 + 1), mtime=0), r"it has more than 16,777,216 bytes"),
    (GZIPPED[:-9], r"the gzip stream ends too early"),
    (GZIPPED[:15] + b"\xff\xff" + GZIPPED[17:], r"the gzip stream is damaged"),
    (GZIPPED + b"more", r"the gzip stream is damaged"),
    (b"a,b,c\n1,2,3\n", r"line 1: the header is 'a,b,c', but .*Azure.*BurstGPT.*Vidur.*Mooncake"),
    (b"question_length\n1\n", r"line 1: the header is 'question_length', but"),
    (
        b"question_length,answer_length,answer_length\n1,2,3\n",
        r"line 1: the header is 'question_length,answer_length,answer_length', but it must name "
        r"the column 'answer_length' once",
    ),
]


@pytest.mark.parametrize(("data", "message"), BAD_FILES)
def test_a_file_that_is_no_trace_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InvalidWorkload, match=r"trace\.csv'(, |: )" + message):
        rows_of(tmp_path, data)


def test_a_file_without_line_ends_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    path.touch()
    os.truncate(path, 2**28)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidWorkload, match=r"line 1 is longer than 16,777,216 bytes"):
            next(read_trace(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**26


def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    a_file = tmp_path / "file"
    a_file.write_text("x")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    paths: list[tuple[Path | str, str]] = [
        (tmp_path / "absent", r"absent': there is no such file"),
        (tmp_path, r"this is a directory"),
        (a_file / "below", r"cannot be read \(Not a directory\)"),
        (loop, r"cannot be read \("),
        ("nul\0byte", r"^'nul\\x00byte': it cannot be read"),
        ("", r"^'': there is no such file"),
        (tmp_path / ("n" * 5000), r"cannot be read \(File name too long\)"),
    ]
    for path, message in paths:
        with pytest.raises(InvalidWorkload, match=message):
            next(read_trace(path))


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = tmp_path / "secret"
    path.write_text("question_length,answer_length\n1,2\n")
    path.chmod(0)
    with pytest.raises(InvalidWorkload, match=r"may not be read"):
        next(read_trace(path))


def test_rows_after_the_last_one_taken_are_not_read(tmp_path: Path) -> None:
    """A reader that stops early does not meet a malformed row below, nor a missing gzip end."""
    path = tmp_path / "long.csv"
    path.write_bytes(b"question_length,answer_length\n" + b"1,2\n" * 100_000 + b"malformed\n")
    rows = read_trace(path)
    assert [next(rows) for _ in range(3)] == [Row(1, 2)] * 3
    rows.close()
    path.write_bytes(gzip.compress(path.read_bytes() * 20, mtime=0)[:-4000])
    assert next(read_trace(path)) == Row(1, 2)


def test_a_packed_trace_is_read_from_a_pipe() -> None:
    """The format is recognised although a pipe cannot be rewound."""
    receiver, sender = os.pipe()
    os.write(sender, gzip.compress(b"question_length,answer_length\n1,2\n", mtime=0))
    os.close(sender)
    try:
        assert list(read_trace(f"/dev/fd/{receiver}")) == [Row(1, 2)]
    finally:
        os.close(receiver)


def test_the_lmsys_and_azure_files_are_read() -> None:
    azure = list(read_trace(azure_file()))
    assert len(azure) == 19_366
    assert azure[0] == Row(374, 44, 1_700_158_546_680_590_000)
    assert azure[-1].prompt_len == 197
    assert (azure[-1].time_ns or 0) - (azure[0].time_ns or 0) == 3_501_721_937_000
    lmsys = list(read_trace(lmsys_file()))
    assert len(lmsys) == 100_000
    assert sum(row.prompt_len == 0 for row in lmsys) == 4
    assert sum(row.output_len == 0 for row in lmsys) == 147


def test_paths_in_messages_stay_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidWorkload, match=r"^'[^\n]*two\\nlines': there is no such file"):
        next(read_trace(tmp_path / "two\nlines"))


def test_a_gzip_stream_cut_anywhere_is_refused(tmp_path: Path) -> None:
    data = gzip.compress(b"question_length,answer_length\n1,2\n3,4\n", mtime=0)
    for end in range(1, len(data)):
        with pytest.raises(InvalidWorkload):
            rows_of(tmp_path, data[:end])


THREE_KEYS = (
    '{"timestamp": 0, "input_length": 256, "output_length": 128}\n'
    '{"timestamp": 0.5, "input_length": 300, "output_length": 64}\n'
    '{"timestamp": 61.25, "input_length": 128, "output_length": 32}\n'
)


def test_a_fraction_of_a_millisecond_is_refused_without_a_unit(tmp_path: Path) -> None:
    """GuideLLM writes Mooncake's keys with seconds: only a fraction shows the difference."""
    with pytest.raises(InvalidWorkload, match=r"line 2: timestamp is 0\.5, .*--time-unit s, ms"):
        rows_of(tmp_path, THREE_KEYS)
    found = {
        unit: [row.time_ns for row in read_trace(tmp_path / "trace.csv", unit)]
        for unit in TIME_UNITS
    }
    assert found == {
        "s": [0, 500_000_000, 61_250_000_000],
        "ms": [0, 500_000, 61_250_000],
        "ns": [0, 0, 61],
    }


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path) -> None:
    text = '{"timestamp": 5.0, "input_length": 300.0, "output_length": 4e1}\n'
    assert rows_of(tmp_path, text) == [Row(300, 40, 5_000_000)]
    assert rows_of(tmp_path, "question_length,answer_length\n300.0,40.\n") == [Row(300, 40)]
    largest = '{"input_length": 9007199254740991.0, "output_length": 9007199254740991}\n'
    assert rows_of(tmp_path, largest) == [Row(2**53 - 1, 2**53 - 1)]
    least = '{"input_length": -9007199254740991.0, "output_length": -9007199254740991}\n'
    assert rows_of(tmp_path, least) == [Row(1 - 2**53, 1 - 2**53)]
    zeros = "0" * 30
    assert rows_of(tmp_path, f"question_length,answer_length\n300.{zeros},{zeros[:16]}0040\n") == [
        Row(300, 40)
    ]
    with pytest.raises(InvalidWorkload, match=r"answer_length is '0{19}40', but no request"):
        rows_of(tmp_path, f"question_length,answer_length\n300,{zeros[:19]}40\n")


@pytest.mark.parametrize("write", [written_vidur, written_burstgpt, written_splitwise])
def test_the_unit_of_times_in_a_table_can_be_given(tmp_path: Path, write: Writer) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(write([Row(1, 2, 2_500_000_000)]), encoding="utf-8")
    found = [[row.time_ns for row in read_trace(path, unit)] for unit in (None, *TIME_UNITS)]
    assert found == [[2_500_000_000], [2_500_000_000], [2_500_000], [2]]


def test_fields_between_tabs_may_be_quoted(tmp_path: Path) -> None:
    text = 'input_toks\toutput_toks\tarrival_time_ns\tnote\n10\t70\t5\t"a, b\tc"\n'
    assert rows_of(tmp_path, text) == [Row(10, 70, 5)]


@given(
    zone_minutes=st.integers(-23 * 60 - 59, 23 * 60 + 59),
    nanoseconds=st.integers(0, a_century),
)
def test_times_with_an_offset_are_converted_to_utc(
    scratch: Path, zone_minutes: int, nanoseconds: int
) -> None:
    """UTC is the local time minus the offset, so a negative offset adds hours."""
    seconds, rest = divmod(nanoseconds, 10**9)
    local = datetime(1970, 1, 2) + timedelta(seconds=seconds, minutes=zone_minutes)
    hours, minutes = divmod(abs(zone_minutes), 60)
    sign = "-" if zone_minutes < 0 else "+"
    scratch.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        f"{local}.{rest:09}{sign}{hours:02}:{minutes:02},1,2\n"
    )
    assert [row.time_ns for row in read_trace(scratch)] == [nanoseconds + 86_400 * 10**9]


@given(milliseconds=st.decimals(0, 2**53 - 1, places=6), output=st.integers(0, 9))
def test_times_are_exact_decimals(scratch: Path, milliseconds: Decimal, output: int) -> None:
    """Not by way of binary fractions, in which 0.1 is a little more than a tenth."""
    scratch.write_text(
        f'{{"timestamp": {milliseconds:f}, "input_length": 1, "output_length": {output}}}'
    )
    assert list(read_trace(scratch, "ms")) == [Row(1, output, int(milliseconds * 10**6))]


@pytest.mark.parametrize("unit", TIME_UNITS)
@pytest.mark.parametrize("number", ["9007199254740991", "9007199254740991.0"])
def test_the_largest_time_is_read_and_the_next_is_refused(
    tmp_path: Path, unit: TimeUnit, number: str
) -> None:
    line = '{"timestamp": %s, "input_length": 1, "output_length": 2}\n'
    path = tmp_path / "trace"
    path.write_text(line % number)
    in_ns = {"s": 10**9, "ms": 10**6, "ns": 1}[unit]
    assert list(read_trace(path, unit)) == [Row(1, 2, (2**53 - 1) * in_ns)]
    path.write_text(line % number.replace("1", "2"))
    with pytest.raises(InvalidWorkload, match=r"a number from 0 to 2\*\*53 - 1"):
        next(read_trace(path, unit))


def test_rows_are_read_from_an_open_source(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_text("question_length,answer_length\n1,2\n")
    with open_source(path) as source:
        assert list(read_trace(source)) == [Row(1, 2)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("question_length,answer_length\n1,2\n", "LMSYS lengths has no times"),
        (
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,2\n",
            "Azure has instants of the calendar",
        ),
        ('{"input_length": 1, "output_length": 2}', "aiperf has no times"),
    ],
)
def test_a_unit_that_has_no_effect_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(InvalidWorkload, match=rf"time_unit is 'ms', but {why}; leave it out"):
        next(read_trace(path, "ms"))


def test_the_error_for_an_unknown_format_names_the_recognised_kind_of_file(tmp_path: Path) -> None:
    sharegpt = '[{"id":"x1","conversations":[{"from":"human","value":"hi there"}]}]\n'
    with pytest.raises(InvalidWorkload, match=r"JSON array, such as ShareGPT's .*Mooncake"):
        rows_of(tmp_path, sharegpt)
    with pytest.raises(InvalidWorkload, match=r"first of JSON lines, and has the keys of no forma"):
        rows_of(tmp_path, '{"prompt": "hello"}\n')


def test_beginnings_of_published_traces_are_read(tmp_path: Path) -> None:
    """Beginnings of published files, with the rows that they stand for in their tools."""
    bailian = (
        '{"chat_id": 159, "parent_chat_id": -1, "timestamp": 61.114, "input_length": 521, '
        '"output_length": 132, "type": "text", "turn": 1, "hash_ids": [1089, 1090, 1091]}\n'
    )
    assert rows_of(tmp_path, bailian) == [Row(521, 132, 61_114_000_000)]
    llmservingsim = "input_toks\toutput_toks\tarrival_time_ns\n10\t70\t46926808\n"
    assert rows_of(tmp_path, llmservingsim) == [Row(10, 70, 46_926_808)]
    splitwise = (
        "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,"
        "token_size\n0,2,0,1,1,4096,32\n"
    )
    assert rows_of(tmp_path, splitwise) == [Row(4096, 32, 10**9)]
    bench = (
        '{"request_id": "bench-0", "input_toks": 2358, "output_toks": 531, "arrival_time": '
        '1787267980.0827403, "queued_ts": 27536.660701067}\n'
    )
    assert rows_of(tmp_path, bench) == [Row(2358, 531, 1_787_267_980_082_740_300)]


def test_units_of_time_by_name() -> None:
    assert [(unit, UNIT_TITLES[unit], NANOSECONDS_IN[unit]) for unit in TIME_UNITS] == [
        ("s", "seconds", 1_000_000_000),
        ("ms", "milliseconds", 1_000_000),
        ("ns", "nanoseconds", 1),
    ]


def test_instants_count_from_the_beginning_of_1970() -> None:
    assert nanoseconds_from_instant("t", "1970-01-01 00:00:00") == 0
    assert nanoseconds_from_instant("t", "1970-01-02T00:00:00.5Z") == 86_400 * 10**9 + 5 * 10**8


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("999999999999999", 10**15 - 1),
        ("9007199254740991", 2**53 - 1),
        ("+9007199254740991.0", 2**53 - 1),
        ("0" * 19 + "5", 5),
        ("9007199254740992", None),
        ("9" * 16, None),
        ("0" * 20 + "5", None),
    ],
)
def test_tokens_are_read_from_at_most_twenty_digits(text: str, tokens: int | None) -> None:
    if tokens is not None:
        assert tokens_from_text("output", text) == tokens
    else:
        with pytest.raises(InvalidValue, match=r"no request has more than 2\*\*53 - 1 tokens"):
            tokens_from_text("output", text)
