"""The generated part of a page: what stands between ``<!-- NAME -->`` and ``<!-- end of NAME -->``.

It imports nothing of the project, since pytest must be the first to import what it tests.
"""

from __future__ import annotations

import re


def between(text: str, marker: str) -> str:
    """What stands between a marker and its end."""
    found = re.findall(f"<!-- {marker} -->\n(.*?)<!-- end of {marker} -->", text, re.DOTALL)
    assert len(found) == 1, f"the marker {marker!r} occurs {len(found)} times"
    content: str = found[0]
    return content


def replaced(text: str, marker: str, content: str) -> str:
    """A page with ``content`` between a marker and its end."""
    before = f"<!-- {marker} -->\n{between(text, marker)}<!--"
    return text.replace(before, f"<!-- {marker} -->\n{content}<!--")
