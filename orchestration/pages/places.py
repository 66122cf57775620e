"""Where the pages are served, and which folders of the home they come from."""

from orchestration.expectations.data_docs import FOLDER, SERVED_AT

ROOT = "/warehouse"
START_PAGE = f"{ROOT}/"
FOLDERS = {SERVED_AT: FOLDER, f"{ROOT}/briefs": "briefs", f"{ROOT}/churn": "churn"}
"""Address → folder of the home."""
DBT = "dbt"
