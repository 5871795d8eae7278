"""Run every quick generator of committed files: ``python -m tests.making``."""

from __future__ import annotations

from tests.making import claims_page, matrix, readme

if __name__ == "__main__":
    claims_page.main()
    readme.main()
    matrix.main()
