"""Is the machine-checked program compiled once, asked rightly, and told apart from its failures?

``fake_compiler.py`` writes a stand-in for ``ocamlfind``, so that these tests need no OCaml;
``test_real_program.py`` compiles the program itself, and skips where ``ocamlfind`` is missing.
"""
