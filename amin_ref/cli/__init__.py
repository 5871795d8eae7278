"""The command line: reads files and flags, calls inwards, prints tables or JSON."""

import sys


def main() -> None:
    """Entry point of the command ``amin-ref``."""
    try:
        # Importing everything takes long enough to be interrupted, too.
        from amin_ref.cli.application import application
        from amin_ref.cli.exit_codes import run
    except KeyboardInterrupt:
        print("amin-ref: interrupted.", file=sys.stderr)
        sys.exit(130)  # endings.INTERRUPTED, which may not have been imported yet
    sys.exit(run(application, sys.argv[1:]))
