"""Do the machine-checked model and the Python agree, and does the book say what is proved?

``program.py`` runs the program that is extracted from ``proofs_notes/rocq``;
``test_differential.py``, ``test_certificates.py`` and ``test_conform.py`` compare it with the
Python, and ``test_traces.py`` on real requests; ``every.py`` is a plugin that makes the proved
checkers judge whatever a run of the tests makes, and ``test_every.py`` shows that it notices a
difference; ``faulty.py`` puts faults into the program, and ``test_mutants.py``,
``test_verify_mutants.py`` and ``test_conform_mutants.py`` show that the comparisons notice a wrong
model and wrong checkers; ``test_sources.py`` holds the proofs to the rules of their house;
``test_names.py`` compares ``Book.v`` with the theorem book, and ``test_statements.py`` with the
site's page of statements; ``test_witness.py`` computes the examples of ``Witness.v`` in Python;
``test_shipped.py`` compares the package's sources with what is extracted.
"""
