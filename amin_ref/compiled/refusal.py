"""What compiled code does not know, and how it says so."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

LONGEST = 2**22
"""The longest assumed or true output, and the largest block: arrays of this length are made."""

LARGEST_INT64 = 2**63 - 1


class NotCompiled(Exception):
    """Compiled code cannot do this. The text is a clause that says why."""
