"""An exception that no command expects: a sentence, its traceback, and an exit code of its own.

Nothing outside Python's own library is imported: the exception may be that click is missing.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress

BUG = 70
"""The exit code, EX_SOFTWARE of ``sysexits.h``. Python's own is 1: the answer is no."""

REPORTS = "https://github.com/amin-ref/amin-ref/issues"
"""Where a bug is reported."""

_STANDARD_ERROR = 2


def tell_of_bug(error: BaseException) -> int:
    """Say on standard error that ``error`` is a bug, with the traceback; returns the exit code."""
    what = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
    if isinstance(error, ImportError):
        sentence = (
            f"the installation is not complete ({what}); install amin-ref again with its "
            f"dependencies, and if that does not mend it, report what follows at {REPORTS}."
        )
    else:
        sentence = (
            f"this is a bug in amin-ref ({what}); report it at {REPORTS} with the command, its "
            "input, and what follows."
        )
    text = f"amin-ref: {sentence}\n{''.join(traceback.format_exception(error))}"
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
    # Directly: what Python cannot write from its own buffer at its end changes the exit code.
    rest = text.encode("utf-8", "backslashreplace")
    with suppress(OSError):
        while rest:
            rest = rest[os.write(_STANDARD_ERROR, rest) :]
    return BUG
