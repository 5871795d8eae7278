"""Small inputs modelled on public bug reports of inference engines and published trace formats."""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "field"
"""The cases that are files: schedules and traces."""

Lengths = tuple[int, ...]
"""Prompt length and output length, and optionally ℓ and u; tokens."""


def document(
    capacity: int, requests: dict[str, Lengths], runs: str, block_size: int = 1
) -> dict[str, object]:
    """A schedule's document; each run is written ``"id start-stop"`` if completed.

    Another outcome stands at the end: ``"b 0-2 evicted"`` is an evicted run of b in rounds 0 and 1.
    """
    names = ("prompt_len", "output_len", "lower", "upper")
    found = []
    for text in runs.split(", "):
        request, rounds, *outcome = text.split(" ")
        start, stop = map(int, rounds.split("-"))
        end = outcome[0] if outcome else "completed"
        found.append({"request": request, "start": start, "stop": stop, "outcome": end})
    return {
        "format": "amin-ref/schedule",
        "version": 1,
        "instance": {
            "capacity": capacity,
            "block_size": block_size,
            "requests": [
                {"id": name, **dict(zip(names, lengths, strict=False))}
                for name, lengths in requests.items()
            ],
        },
        "runs": found,
    }


def case(name: str) -> dict[str, object]:
    """The document of a case."""
    found: dict[str, object] = json.loads(file_of(name).read_text(encoding="utf-8"))
    return found


def file_of(name: str) -> Path:
    """The file of a case: a schedule or a trace."""
    (found,) = FOLDER.glob(f"*/{name}*")
    return found


LAST_BLOCK_TWICE = case("s06_last_block_twice")
MOST_TWO = case("s12_max_num_seqs_2")
KEEPS_TOKENS = case("s13_recompute_keeps_tokens")
CHUNKED = case("s14_chunked_prefill")
SHARED_PREFIX = case("s15_prefix_shared")
EMPTY_RUN = case("s19_empty_run")
ABORTED = case("s20_aborted")
LAST_TOKEN_NOT_STORED = case("s25_vllm_accounting_s")
LOG_ENDS = case("s29_log_ends_while_running")
KEEPS_TOKENS_AND_WINS = case("s31_keep_tokens_beats_optimum")
WRONG_PREDICTION = case("s36_prediction_wrong")

HEADER = (
    '{"format":"amin-ref/schedule-lines","version":1,'
    '"instance":{"capacity":20,"requests":[{"id":"1","prompt_len":2,"output_len":3}]}}\n'
)
"""The first line of a schedule in JSON lines."""

RUNS = (
    '{"request":1,"start":0,"stop":3,"outcome":"completed"}',
    '{"request":"1","start":0,"stop":3,"outcome":"completed","reason":"kv_full"}',
    '{"request":"1","start":0,"stop":3,"outcome":"completed","x-reason":"kv_full"}',
)
"""Three runs after HEADER: an integer id for a string; an unknown field; an extension's field."""

SCHEDULES = (
    *(file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("schedules/*"))),
    *(f"{HEADER}{run}\n" for run in RUNS),
)
"""The texts of all schedules of this module and of its folder."""

TRACES = (
    *(file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("traces/*"))),
    # LLMServingSim in JSON lines, and Azure's table.
    '{"input_toks": 10, "output_toks": 70, "arrival_time_ns": 46926808}\n',
    "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5\n",
)
"""A trace in each published format, and ShareGPT's conversations, which are no trace."""
