"""The generated part of a page: the text from ``<!-- NAME -->`` to ``<!-- end of NAME -->``.

This module imports none of the tested packages: pytest's plugins must be the first to import them.
"""

from __future__ import annotations

import re


def between(text: str, marker: str) -> str:
    """The text between a marker and its end."""
    found = re.findall(f"<!-- {marker} -->\n(.*?)<!-- end of {marker} -->", text, re.DOTALL)
    assert len(found) == 1, f"the marker {marker!r} occurs {len(found)} times"
    content: str = found[0]
    return content


def replaced(text: str, marker: str, content: str) -> str:
    """A page with ``content`` between a marker and its end."""
    before = f"<!-- {marker} -->\n{between(text, marker)}<!--"
    return text.replace(before, f"<!-- {marker} -->\n{content}<!--")
