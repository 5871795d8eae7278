"""``python -m amin_ref``: the same as the command ``amin-ref``."""

from amin_ref.cli import main

if __name__ == "__main__":
    main()
