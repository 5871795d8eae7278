"""Prevents a faulty program, which may run as root, from changing files outside of given folders.

A fault in the code that writes files may replace ``/dev/full`` by a file, and tests of other
programs would fail from then on. In a guarded process, each call that would change a file raises
:exc:`PermissionError` unless the file is in a folder for temporary files or in a given folder.
The module imports Python's own library alone, so that a copy of it can be a ``sitecustomize``.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile

_CHANGES = {
    "os.rename": 2,
    "os.link": 2,
    "os.symlink": 2,
    "os.remove": 1,
    "os.mkdir": 1,
    "os.rmdir": 1,
    "os.truncate": 1,
    "os.chmod": 1,
    "shutil.rmtree": 1,
}
"""Audit events of calls that change files, and how many of their arguments are paths."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_NAMELESS = getattr(os, "O_TMPFILE", -1)
"""Opens a file without a name in the folder that is opened: the one way to write into a folder."""

_MEMORY = ("/dev/shm", "/proc")
"""Folders without files on a disk: for shared memory, and for the open files of processes."""


def guard(*folders: str) -> None:
    """From now on, let this process change files only in these folders and in temporary ones."""
    allowed = tuple(os.path.realpath(one) for one in (*folders, tempfile.gettempdir(), *_MEMORY))

    def is_ours(path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return True  # a descriptor: it was opened before
        name = os.fsdecode(path)
        folder = os.path.realpath(os.path.dirname(os.path.abspath(name)))
        return os.path.join(folder, "").startswith(tuple(os.path.join(one, "") for one in allowed))

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not (isinstance(flags, int) and flags & _WRITING) or is_ours(path):
                return
            if isinstance(path, str | bytes):
                if is_ours(os.path.realpath(path)):  # /dev/stdout may be a temporary file
                    return
                if flags & _NAMELESS == _NAMELESS:
                    inside = os.path.join(os.fsdecode(path), "a file")
                    if is_ours(inside):
                        return
                elif _is_no_file(path):
                    return  # writing does not change a device, a pipe or a folder
            raise PermissionError(f"the guard of mutation tests: {path!r} must not be written")
        for path in arguments[: _CHANGES.get(event, 0)]:
            if not is_ours(path):
                raise PermissionError(f"the guard of mutation tests: {path!r} must not be changed")

    sys.addaudithook(watch)


def _is_no_file(path: str | bytes) -> bool:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode)
