"""Strict reading of JSON texts: known version, known fields, every field once.

Python's ``json`` accepts more than JSON (NaN, repeated keys), and its errors do not name a field.
Here every error is one sentence that does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from amin_ref.model.errors import InvalidDocument, shown

DEEPEST = 100
"""The most objects and arrays within one another; the documents of this project nest 8 deep.

The parser of Python recurses, and would give up at a depth that depends on its caller.
"""

OWN_FIELD = "x-"
"""What the name of a field begins with that is for the program that wrote the document.

Such a field may hold any JSON value and stand in any object. Readers skip it.
"""

TYPE_NAMES = {dict: "object", list: "array", str: "string", int: "integer", type(None): "null"}
"""What JSON calls the types of Python."""


def parse(text: str) -> object:
    """The JSON value that ``text`` stands for.

    Raises:
        InvalidDocument: it is not JSON, repeats a key, nests more than :data:`DEEPEST` deep, or
            has NaN, an infinity, or a number with more digits than Python converts.
    """
    try:
        value: object = _STRICT.decode(text)
    except json.JSONDecodeError as error:
        # The text may be one line of a file of JSON lines, of which 1 is then the wrong number.
        line = f"line {error.lineno}, " if "\n" in text else ""
        raise InvalidDocument(f"not JSON: {error.msg} in {line}column {error.colno}.") from None
    except RecursionError:
        raise _nested_too_deeply() from None
    except ValueError as error:
        if isinstance(error, InvalidDocument):
            raise
        raise InvalidDocument("not an amin-ref document: a number has too many digits.") from None
    _refuse_depth(value)
    return value


def expect_format(value: object, name: str, *versions: int) -> Mapping[str, object]:
    """``value`` as an object whose ``format`` is ``name`` and ``version`` one of ``versions``.

    Raises:
        InvalidDocument: it is something else; the message says what.
    """
    document = expect_object(value, "document")
    found = document.get("format")
    if found != name:
        raise InvalidDocument(
            f"document: format is {shown(found)}, but {name!r} is expected here; "
            f'give a file that begins {{"format": "{name}", …}}.'
        )
    version = document.get("version")
    if type(version) is not int or version not in versions:
        known = " and ".join(map(str, versions))
        raise InvalidDocument(
            f"document: version is {shown(version)}, but this release knows "
            f"version{'s' if len(versions) > 1 else ''} {known} of {name}; convert the file or "
            "install a release that knows it."
        )
    return document


def expect_object(value: object, where: str) -> Mapping[str, object]:
    """``value`` if it is a JSON object; :exc:`InvalidDocument` otherwise."""
    if not isinstance(value, dict):
        raise InvalidDocument(f"{where}: {_kind(value)} found where an object is needed.")
    return value


def expect_array(value: object, where: str) -> Sequence[object]:
    """``value`` if it is a JSON array; :exc:`InvalidDocument` otherwise."""
    if not isinstance(value, list):
        raise InvalidDocument(f"{where}: {_kind(value)} found where an array is needed.")
    return value


def expect_fields(
    document: Mapping[str, object], where: str, required: Iterable[str], optional: Iterable[str]
) -> None:
    """Refuse a document that lacks a required field or has an unknown one.

    Fields whose names begin with :data:`OWN_FIELD` are skipped.

    Raises:
        InvalidDocument: names the field.
    """
    needed = list(required)
    for field in needed:
        if field not in document:
            raise InvalidDocument(f"{where}: the field {field!r} is missing; add it.")
    known = [*needed, *optional]
    for field in document:
        if field not in known and not field.startswith(OWN_FIELD):
            raise InvalidDocument(
                f"{where}: the field {shown(field)} is unknown; known are {', '.join(known)}, and "
                f"a field of your own begins with {OWN_FIELD}, such as "
                f"{shown(OWN_FIELD + field)}."
            )


def _refuse_depth(value: object) -> None:
    """Refuse a value that nests too deeply, level by level: a value of any size takes one pass."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(DEEPEST):
        if not level:
            return
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
    if level:
        raise _nested_too_deeply()


def _nested_too_deeply() -> InvalidDocument:
    return InvalidDocument(
        f"not an amin-ref document: nested too deeply, more than {DEEPEST} objects or arrays in "
        "each other; make it flatter."
    )


def _kind(value: object) -> str:
    return f"{TYPE_NAMES.get(type(value), type(value).__name__)} {shown(value)}"


def _object_without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidDocument(
                    f"the field {shown(key)} is there twice in one object; keep one."
                )
            seen.add(key)
    return found


def _refuse_constant(name: str) -> object:
    raise InvalidDocument(f"{name} is not a JSON number; write a finite one.")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_object_without_repeats, parse_constant=_refuse_constant
)
"""Made once: ``json.loads`` would make one for each line of a log."""
