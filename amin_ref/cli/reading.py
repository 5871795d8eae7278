"""Reading a document from a file or from standard input."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from amin_ref.errors import InvalidDocument


def read_text(file: str) -> str:
    """The whole text of ``file``, or of standard input for ``-``.

    Raises:
        InvalidDocument: there is no such file, it cannot be read, is empty, or is no UTF-8 text.
    """
    name = "standard input" if file == "-" else repr(file)
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidDocument(f"{name} is not UTF-8 text (byte {error.start}).") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise InvalidDocument(f"{name} cannot be read: {reason}.") from None
    except ValueError:  # a path with a NUL in it
        raise InvalidDocument(f"{name} is not the name of a file.") from None
    if not text.strip():
        raise InvalidDocument(f"{name} is empty; give a JSON document.")
    return text
