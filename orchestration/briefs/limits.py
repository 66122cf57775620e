"""Small groups: how many learners a count needs to be shown. The number is dbt's own var."""

from functools import cache

import yaml

from orchestration.settings import PROJECT_ROOT


@cache
def minimum_group_size() -> int:
    """The var `minimum_group_size` of the dbt project."""
    return int(yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text())["vars"]["minimum_group_size"])


def at_least(learners: int) -> str:
    """A count of learners that no mart has judged: `none`, the number, or `fewer than 10`."""
    if learners == 0:
        return "none"
    return f"{learners:,}" if learners >= minimum_group_size() else f"fewer than {minimum_group_size()}"
