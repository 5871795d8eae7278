"""Tests of ``amin_ref.families``: the instances are built as theorems say, and are as bad."""
