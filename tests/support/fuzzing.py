"""Malformed documents: valid ones with random changes of their JSON structure or of their bytes.

:func:`malformed` makes one from a valid document. By chance the result may still be valid; a reader
must return a value or refuse the document in one sentence.
"""

from __future__ import annotations

import json
from random import Random

DEEP = "[" * 50_000
"""Nested deeper than a recursive parser can follow."""

STRANGE = (
    "null", "true", "false", "0", "-1", "1", "1.5", "1.0", "1e2", "1e400", "-0", "NaN", "-Infinity",
    str(2**20), str(2**53 - 1), str(2**53), str(10**40), "9" * 5_000, "[]", "{}", "[[]]", '[{}]',
    '""', '"a"', '"1"', '"evicted"', '"completed"', r'"\ud800"', '"\\u0000"', '"ℓ"',
    f'"{"x" * 999}"', "[1, 2]", '{"a": 1}', "", "undefined", "'a'", "01", "+1", ".5", "1 2",
    '"', DEEP,
)  # fmt: skip
"""Texts to put in place of a value: legal, illegal, and not JSON at all."""

NAMES = (
    "id", "prompt_len", "output_len", "lower", "upper", "arrival", "capacity", "block_size", "runs",
    "requests", "request", "start", "stop", "outcome", "instance", "format", "version", "evict",
    "admit", "x-reason", "round", "begin", "hello", "multipliers", "x", "",
)  # fmt: skip
"""Names of fields to put in place of others: of several formats, and unknown ones."""

STRANGE_BYTES = (
    b"\n", b"\r", b"\0", b'"', b"{", b"]", b",", b"-", b"e9",
    b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xed\xa0\x80",
)  # fmt: skip
"""Bytes to insert: among them a byte order mark, a line separator and half a surrogate."""


class Raw:
    """A value that is written as the given text, which need not be JSON."""

    def __init__(self, text: str) -> None:
        self.text = text


class Pairs:
    """A JSON object as its fields in order; a name may occur several times."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        self.pairs = pairs


def malformed(text: str, random: Random) -> bytes:
    """The text after some random changes of its structure, of its bytes, or of both."""
    kind = random.random()
    for _ in range(random.choice((1, 1, 2, 3))):
        if kind < 0.6:
            text = "\n".join(
                broken_in_structure(line, random) if random.random() < 0.5 else line
                for line in text.split("\n")
            )
    data = text.encode("utf-8", "surrogatepass")
    if kind > 0.5:
        for _ in range(random.choice((1, 1, 2, 5))):
            data = broken_in_bytes(data, random)
    return data


def broken_in_structure(line: str, random: Random) -> str:
    """The line with one value replaced, doubled, moved or dropped, or one name changed.

    A line that is not JSON is returned as it is.
    """
    try:
        tree: object = json.loads(line, object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return line
    places = list(_places(tree))
    if not places:
        return random.choice(STRANGE)
    container, index = random.choice(places)
    if isinstance(container, Pairs):
        _break_field(container, index, random, tree)
    else:
        _break_item(container, index, random, tree)
    return _text(tree)


def _break_field(container: Pairs, index: int, random: Random, tree: object) -> None:
    pairs = container.pairs
    name, value = pairs[index]
    match random.randrange(6):
        case 0:
            del pairs[index]
        case 1:
            pairs[index] = (random.choice(NAMES), value)
        case 2:
            pairs.append((name, _other(value, random, tree)))
        case 3:
            pairs.insert(index, (random.choice(NAMES), _other(value, random, tree)))
        case _:
            pairs[index] = (name, _other(value, random, tree))


def _break_item(items: list[object], index: int, random: Random, tree: object) -> None:
    match random.randrange(4):
        case 0:
            del items[index]
        case 1:
            items.insert(index, items[index])
        case 2:
            random.shuffle(items)
        case _:
            items[index] = _other(items[index], random, tree)


def _other(value: object, random: Random, tree: object) -> object:
    """A value to replace another one: a number near it, a strange text, or a value of the tree."""
    kind = random.random()
    if kind < 0.4 and type(value) is int:
        return value + random.choice((-1, 1, -7, 7, 1000, -value, -2 * value))
    if kind < 0.8:
        return Raw(random.choice(STRANGE))
    places = list(_places(tree))
    container, index = random.choice(places)
    found = container.pairs[index][1] if isinstance(container, Pairs) else container[index]
    return Raw(_text(found))


def _places(tree: object) -> list[tuple[Pairs | list[object], int]]:
    """The container of every value of a tree, and the value's index in it."""
    found: list[tuple[Pairs | list[object], int]] = []
    if isinstance(tree, Pairs):
        for index, (_, value) in enumerate(tree.pairs):
            found += [(tree, index), *_places(value)]
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            found += [(tree, index), *_places(value)]
    return found


def _text(tree: object) -> str:
    if isinstance(tree, Raw):
        return tree.text
    if isinstance(tree, Pairs):
        fields = (f"{json.dumps(name)}: {_text(value)}" for name, value in tree.pairs)
        return "{" + ", ".join(fields) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(_text, tree)) + "]"
    return json.dumps(tree)


def broken_in_bytes(data: bytes, random: Random) -> bytes:
    """The data with a random slice changed, dropped, doubled moved or inserted, or cut off."""
    start = random.randrange(len(data) + 1)
    stop = min(len(data), start + random.choice((1, 1, 1, 2, 10, 100)))
    stretch = data[start:stop]
    match random.randrange(7):
        case 0:
            return data[:start]
        case 1:
            return data[:start] + data[stop:]
        case 2:
            return data[:start] + stretch + data[start:]
        case 3:
            return data[:start] + random.randbytes(len(stretch)) + data[stop:]
        case 4:
            return data[:start] + random.choice(STRANGE_BYTES) + data[start:]
        case 5:
            return data[start:] + data[:start]
        case _:
            flipped = bytes(byte ^ (1 << random.randrange(8)) for byte in stretch)
            return data[:start] + flipped + data[stop:]
