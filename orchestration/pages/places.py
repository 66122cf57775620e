"""Where the pages are served, and which folders of the home they come from."""

from pathlib import Path

from orchestration.settings import Settings

ROOT = "/warehouse"
START_PAGE = f"{ROOT}/"
FOLDERS = {"data-docs": "data_docs", "briefs": "briefs", "churn": "churn"}
"""Path below ROOT → folder of the home."""
DBT = "dbt"


def served_docs(settings: Settings, url: str) -> str:
    """The address of Data Docs: served where they lie in the home, else where DATA_DOCS_URL puts them."""
    is_ours = Path(settings.data_docs_url) == settings.home / FOLDERS["data-docs"]
    return f"{url}{ROOT}/data-docs/" if is_ours else settings.data_docs_url
