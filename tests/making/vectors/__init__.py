"""Where the test vectors come from: ``python -m tests.making.vectors`` writes them again."""
