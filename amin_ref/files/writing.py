"""Writing a file whole or not at all.

A new text is written beside its target, flushed to the disk and renamed over it, so that the target
holds either the old text or the new one at every moment, whatever fails or is killed. A target that
is no regular file (a pipe, a device, ``/dev/stdout``) is written directly.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from amin_ref.model.errors import CannotWrite, shown_path

_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")
"""How names of open streams begin: renaming over ``/dev/stdout`` would leave the stream empty."""

_OPEN_FILES = "/proc/self/fd"
"""Where Linux lists this process's open files, by which one without a name can get one."""

BINARY: int = getattr(os, "O_BINARY", 0)
"""The flag by which Windows writes the bytes as they are; other systems always do."""

_NOT_SUPPORTED = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOENT)
"""What systems say that know no files without a name, or not on this disk. A missing folder is
among them: the file with a name that is tried next is refused for it, too."""

_LONGEST_STEM = 50
"""Characters of the target's name in a new file's: file systems take 255 bytes, up to 4 each."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A file that can be written, as far as that is known before its text is.

    Attributes:
        path: as the user gave it.
        target: the file itself, symbolic links resolved; ``path`` where ``is_stream``.
        is_stream: whether it is written directly, since it is no regular file.
    """

    path: str
    target: str
    is_stream: bool

    def write(self, text: str) -> None:
        """Write ``text`` as UTF-8; the file as it was before stays where that fails.

        Raises:
            CannotWrite: the text does not reach the disk or the stream whole.
        """
        try:
            content = text.encode("utf-8")
            if self.is_stream:
                _write_stream(self.target, content)
            else:
                _replace(self.target, content)
        except (OSError, ValueError) as error:
            raise _cannot(self.path, error) from None


def destination(path: str | os.PathLike[str]) -> Destination:
    """The file of that name, once it is known that it can be written. Nothing of it is changed.

    Raises:
        CannotWrite: its folder is missing or read-only, it is a folder, or it may not be written.
    """
    name = os.fspath(path)
    try:
        status = _status(name)
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise CannotWrite(
                f"{shown_path(name)} cannot be written: it is a folder; give a file in it."
            )
        if status is not None and not os.access(name, os.W_OK):
            raise CannotWrite(
                f"{shown_path(name)} cannot be written: permission denied; change its permissions "
                "or give another file."
            )
        if status is not None and (not stat.S_ISREG(status.st_mode) or name.startswith(_STREAMS)):
            return Destination(name, name, is_stream=True)
        target = os.path.realpath(name)
        with _beside(target):  # proves that the folder takes a new file
            pass
    except (OSError, ValueError) as error:
        raise _cannot(name, error) from None
    return Destination(name, target, is_stream=False)


def write_whole(path: str | os.PathLike[str], text: str) -> None:
    """Replace a file by ``text``, whole or not at all.

    Raises:
        CannotWrite: see :func:`destination` and :meth:`Destination.write`.
    """
    destination(path).write(text)


def write_new(path: str | os.PathLike[str], text: str) -> None:
    """Write a file that is not there yet, whole or not at all.

    Raises:
        FileExistsError: there is one of that name, which stays as it is.
        CannotWrite: the text does not reach the disk whole, or the folder takes no file.
    """
    target = os.fspath(path)
    try:
        with _beside(target) as new:
            write_all(new.descriptor, text.encode("utf-8"))
            os.fsync(new.descriptor)
            if new.name is None:
                _link(new.descriptor, target)
            else:
                os.link(new.name, target)
        _sync_folder(target)
    except FileExistsError:
        raise
    except (OSError, ValueError) as error:
        raise _cannot(target, error) from None


def _status(name: str) -> os.stat_result | None:
    try:
        return os.stat(name)
    except FileNotFoundError:
        return None


def _replace(target: str, content: bytes) -> None:
    has_replaced = False
    while not has_replaced:
        with _beside(target) as new:
            write_all(new.descriptor, content)
            if sys.platform != "win32":  # where files have no permissions of this kind
                with contextlib.suppress(FileNotFoundError):
                    os.fchmod(new.descriptor, stat.S_IMODE(os.stat(target).st_mode))
            os.fsync(new.descriptor)
            has_replaced = new.become(target)
    _sync_folder(target)


@dataclass(slots=True)
class _New:
    """A new file in the target's folder: without a name where the system has such files."""

    descriptor: int
    name: str | None

    def become(self, target: str) -> bool:
        """Take the target's place; ``False`` if another process that writes it was quicker.

        A new file is needed then: one that has lost its only name cannot get another.
        A file without a name cannot be renamed in one step. Killed between the two, the process
        leaves ``.NAME.part``, which the next one that writes NAME takes away.
        """
        if self.name is not None:
            self.close()  # Windows renames no file that is open
            os.replace(self.name, target)
            self.name = None
            return True
        spare = _beside_name(target, "")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(spare)
        try:
            _link(self.descriptor, spare)
            os.replace(spare, target)
        except (FileExistsError, FileNotFoundError):
            return False
        return True

    def close(self) -> None:
        """Close the file; again without effect."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _link(descriptor: int, name: str) -> None:
    # Relative to an open folder: a plain link() would link the entry of /proc itself.
    folder = os.open(_OPEN_FILES, os.O_RDONLY)
    try:
        os.link(str(descriptor), name, src_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


@contextmanager
def _beside(target: str) -> Iterator[_New]:
    """A new file that vanishes at the end of the context unless it was named.

    A file without a name leaves nothing behind when the process is killed.
    """
    new = _nameless(target) or _named(target)
    try:
        yield new
    finally:
        new.close()
        if new.name is not None:
            os.unlink(new.name)


def _nameless(target: str) -> _New | None:
    unnamed: int = getattr(os, "O_TMPFILE", 0)
    if not unnamed or not os.path.isdir(_OPEN_FILES):
        return None
    try:
        return _New(os.open(_folder(target), os.O_WRONLY | unnamed, 0o666), None)
    except IsADirectoryError:  # what Linux says where the file system has no such files
        return None
    except OSError as error:
        if error.errno in _NOT_SUPPORTED:
            return None
        raise


def _named(target: str) -> _New:
    name = _beside_name(target, f".{secrets.token_hex(6)}")
    return _New(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666), name)


def _beside_name(target: str, distinction: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name[:_LONGEST_STEM]}{distinction}.part")


def _folder(target: str) -> str:
    return os.path.dirname(target) or "."


def _sync_folder(target: str) -> None:
    """Force the new name to the disk; not every system can do that with a folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(_folder(target), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_stream(name: str, content: bytes) -> None:
    # Without O_TRUNC and at the end: /dev/stdout may be a file that holds output already.
    descriptor = os.open(name, os.O_WRONLY | os.O_APPEND | BINARY)
    try:
        write_all(descriptor, content)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte: a short write, as of a disk that is nearly full, is continued.

    Raises:
        OSError: a byte cannot be written.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _cannot(name: str, error: OSError | ValueError) -> CannotWrite:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        reason = "there is no such folder; make it or give another file"
    elif isinstance(error, OSError) and error.errno:
        reason = f"{os.strerror(error.errno)}; give another file"
    else:
        reason = f"{error}; give another name"
    return CannotWrite(f"{shown_path(name)} cannot be written: {reason}.")
