"""Do the machine-checked model and the Python agree, and does the book say what is proved?

``program.py`` runs the program that is extracted from ``proofs_notes/rocq``;
``test_differential.py`` compares it with the Python, ``test_conform.py`` the conformance checkers,
``test_certificates.py`` those of certificates; ``test_mutants.py`` shows that the comparison
notices a wrong model; ``test_sources.py`` holds the proofs to the
rules of their house; ``test_names.py`` compares ``Book.v`` with the theorem book.
"""
