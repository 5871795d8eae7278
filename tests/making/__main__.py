"""Run every quick generator of committed files: ``python -m tests.making``."""

from __future__ import annotations

from tests.making import claims_page, matrix, readme, scheduler_pages

if __name__ == "__main__":
    claims_page.main()
    scheduler_pages.main()
    readme.main()
    matrix.main()
