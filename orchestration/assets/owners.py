"""Who answers for the assets that are no dbt models; models name theirs as `meta.dagster.owners` (dbt_project.yml)."""

OWNERS = ["team:analytics_engineering"]
