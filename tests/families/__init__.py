"""Tests of ``amin_ref.families``: instances and costs are as the theorems say."""
