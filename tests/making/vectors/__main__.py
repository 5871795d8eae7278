"""Write the vectors again: ``python -m tests.making.vectors [--choose | --add]``.

Without flags the instances stay the same, and comments, flags and verdicts are computed again.
``--choose`` chooses other instances; ``--add`` adds vectors for the bugs that have none, and those
of families. Each way takes minutes of processor time.
"""

from __future__ import annotations

import argparse

from amin_ref.vectors import published_vectors
from tests.making.vectors.selection import added, chosen_again, regenerated
from tests.support.project import PROJECT

PUBLISHED = PROJECT / "amin_ref" / "vectors" / "vectors.json"


def main() -> None:
    """Write the vectors to the package's file."""
    parser = argparse.ArgumentParser(prog="python -m tests.making.vectors", description=__doc__)
    parser.add_argument("--choose", action="store_true", help="choose other instances, too")
    parser.add_argument("--add", action="store_true", help="add vectors for bugs without any")
    arguments = parser.parse_args()
    if arguments.choose:
        found = chosen_again()
    else:
        found = (added if arguments.add else regenerated)(published_vectors())
    PUBLISHED.write_text(found.to_json(), encoding="utf-8")
    print(f"{len(found.vectors)} vectors in {len(found.groups)} groups")
    for group in found.groups:
        if not group.vectors:
            print(f"no vector detects {group.flag}")


if __name__ == "__main__":
    main()
