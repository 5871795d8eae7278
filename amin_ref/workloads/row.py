"""A row: one request as a workload tells of it, before anything is decided about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One request of a workload, as written there.

    Attributes:
        prompt_len: length of the prompt; tokens. Traces hold zeros too, where a request failed.
        output_len: length of the answer; tokens, likewise.
        time_ns: when the request came; nanoseconds since an origin of the workload's own, an int
            so that times divide into rounds exactly. ``None`` where the workload has no times.
    """

    prompt_len: int
    output_len: int
    time_ns: int | None = None
