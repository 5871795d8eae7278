"""A row: one request as a trace records it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One request of a workload, as it was recorded.

    Attributes:
        prompt_len: length of the prompt; tokens. 0 if the request failed.
        output_len: length of the answer; tokens. 0 if the request failed.
        time_ns: when the request arrived; nanoseconds since an origin that all rows of a workload
            share, as an int, so that times divide into rounds exactly. ``None`` if unknown.
    """

    prompt_len: int
    output_len: int
    time_ns: int | None = None
