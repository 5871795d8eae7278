"""Where the test vectors come from: ``python -m tests.vectors`` writes them anew."""
