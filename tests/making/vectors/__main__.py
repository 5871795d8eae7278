"""Write the vectors again: ``python -m tests.making.vectors``; with ``--choose``, other ones.

Without ``--choose`` the instances stay the same, and comments, flags and verdicts are computed
again. With ``--add`` the bugs that have no vectors get some. All take minutes of processor time.
"""

from __future__ import annotations

import argparse

from amin_ref.vectors import published_vectors
from tests.making.vectors.selection import added, chosen_anew, written_anew
from tests.support.project import PROJECT

PUBLISHED = PROJECT / "amin_ref" / "vectors" / "vectors.json"


def main() -> None:
    """Write the vectors to the package's file."""
    parser = argparse.ArgumentParser(prog="python -m tests.making.vectors", description=__doc__)
    parser.add_argument("--choose", action="store_true", help="choose other instances, too")
    parser.add_argument("--add", action="store_true", help="add vectors for bugs without any")
    arguments = parser.parse_args()
    if arguments.choose:
        found = chosen_anew()
    else:
        found = (added if arguments.add else written_anew)(published_vectors())
    PUBLISHED.write_text(found.to_json(), encoding="utf-8")
    print(f"{len(found.vectors)} vectors in {len(found.groups)} groups")
    for group in found.groups:
        if not group.vectors:
            print(f"nothing catches {group.flag}")


if __name__ == "__main__":
    main()
