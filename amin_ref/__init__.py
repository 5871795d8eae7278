"""Reference implementation of Amin, a scheduler for LLM inference with a bounded KV cache."""

from amin_ref.errors import (
    AminError,
    IllegalDecision,
    InvalidDocument,
    InvalidValue,
    InvalidWorkload,
    NoProgress,
)
from amin_ref.instance import Instance
from amin_ref.request import Request
from amin_ref.schedule import Outcome, Run, Schedule
from amin_ref.validation import RequestId

__all__ = [
    "AminError",
    "IllegalDecision",
    "Instance",
    "InvalidDocument",
    "InvalidValue",
    "InvalidWorkload",
    "NoProgress",
    "Outcome",
    "Request",
    "RequestId",
    "Run",
    "Schedule",
]
