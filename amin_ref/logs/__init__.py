"""How does a running engine write down what it does, and how is its log read?

To read: ``events`` (the lines of a log), ``stay`` (a request in the cache, round by round),
``reading`` (a log as a schedule), ``writing`` (the writer for an engine, and a schedule as a log).
"""

from __future__ import annotations

from amin_ref.logs.events import FORMAT, VERSION
from amin_ref.logs.reading import LastRound, ReadLog, is_log, read_log, read_log_to_its_end
from amin_ref.logs.writing import LogWriter, log_of

__all__ = [
    "FORMAT",
    "VERSION",
    "LastRound",
    "LogWriter",
    "ReadLog",
    "is_log",
    "log_of",
    "read_log",
    "read_log_to_its_end",
]
