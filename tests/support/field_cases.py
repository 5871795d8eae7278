"""Small inputs after public bug reports of inference engines and published trace formats."""

from __future__ import annotations

import json

Lengths = tuple[int, ...]
"""Prompt and output length, and perhaps ℓ and u; tokens."""


def document(
    capacity: int, requests: dict[str, Lengths], runs: str, block_size: int = 1
) -> dict[str, object]:
    """A schedule; each run as ``"id start-stop"``, with another outcome than completed at its end.

    ``"b 0-2 evicted"`` is an evicted run of b in rounds 0 and 1.
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


LAST_BLOCK_TWICE = document(32, {"x": (10, 2, 2), "y": (10, 2, 2)}, "x 0-2, y 2-4", 16)
MOST_TWO = document(100, {"a": (5, 4, 1), "b": (5, 4, 1), "c": (5, 4, 1)}, "a 0-4, b 0-4, c 4-8")
KEEPS_TOKENS = document(9, {"a": (2, 4, 4), "b": (2, 4, 1)}, "a 0-4, b 0-2 evicted, b 4-6")
CHUNKED = document(40, {"long": (24, 2, 1), "short": (4, 6, 1)}, "short 0-6, long 0-5")
SHARED_PREFIX = document(30, {"q1": (16, 3, 1), "q2": (16, 3, 1)}, "q1 0-3, q2 0-3")
EMPTY_RUN = document(12, {"a": (2, 4, 1), "b": (2, 4, 1)}, "a 0-4, b 0-0 evicted, b 4-8")
ABORTED = document(12, {"a": (2, 4, 1), "b": (2, 4, 1)}, "a 0-4, b 4-6 aborted")
LAST_TOKEN_NOT_STORED = document(32, {"a": (16, 1, 1), "b": (16, 1, 1)}, "a 0-1, b 0-1", 16)
LOG_ENDS = document(20, {"a": (2, 6, 1), "b": (2, 9, 1)}, "a 0-6")
KEEPS_TOKENS_AND_WINS = document(
    5, {"long": (1, 4), "short": (3, 1)}, "long 0-1 evicted, short 1-2, long 2-5"
)
WRONG_PREDICTION = document(20, {"1": (2, 3, 5, 9)}, "1 0-3")

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
"""A run of an id of the other kind; one with an engine's field; one that is right."""

SCHEDULES = (
    *(
        json.dumps(case)
        for case in (
            LAST_BLOCK_TWICE,
            MOST_TWO,
            KEEPS_TOKENS,
            CHUNKED,
            SHARED_PREFIX,
            EMPTY_RUN,
            ABORTED,
            LAST_TOKEN_NOT_STORED,
            LOG_ENDS,
            KEEPS_TOKENS_AND_WINS,
            WRONG_PREDICTION,
        )
    ),
    *(f"{HEADER}{run}\n" for run in RUNS),
)
"""Every schedule here, as a text."""

TRACES = (
    # Mooncake, GuideLLM, Qwen-Bailian, aiperf, vLLM's bench and LLMServingSim in JSON lines.
    '{"timestamp": 61114, "input_length": 521, "output_length": 132}\n',
    '{"timestamp": 0.5, "input_length": 300, "output_length": 64}\n',
    '{"chat_id": 159, "parent_chat_id": -1, "timestamp": 61.114, "input_length": 521, '
    '"output_length": 132, "type": "text", "turn": 1, "hash_ids": [1089, 1090]}\n',
    '{"input_length": 300, "output_length": 40}\n{"input_length": 50, "output_length": 30}\n',
    '{"request_id": "bench-0", "input_toks": 2358, "output_toks": 531, '
    '"arrival_time": 1787267980.0827403, "queued_ts": 27536.660701067}\n',
    # LLMServingSim, splitwise-sim and Azure as tables.
    "input_toks\toutput_toks\tarrival_time_ns\n10\t70\t46926808\n22\t104\t347938952\n",
    "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n"
    "0,2,0,1,1,4096,32\n1,2,0,3,1,2048,8\n",
    "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5\n",
    '[{"id":"x1","conversations":[{"from":"human","value":"hi there"}]}]\n',
)
"""A trace in each format, and ShareGPT's conversations, which are none."""
