"""What a year costs: disk, CPU and money from what one statement was measured to cost.

`python -m orchestration.deployment.growth --per-day 100000000` prints a table; every price is an option. It is a
straight line through measurements at one and ten million statements, and says nothing of what breaks on the way.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

BYTES_PER_STATEMENT = 488
"""In ClickHouse, compressed, of all tables together: 521 MB at 1,067,476 statements."""
NEW_CPU_SECONDS = 128e-6
"""Of a new statement: 129 CPU seconds to load, judge, build and test 1,008,900 from nothing, in near real time."""
HISTORY_CPU_SECONDS = 3.6e-6
"""Of a statement that is there already, in each build: a drop of 50,000 took two cores 14.3 s at 1 million, and 30.6 s
at 10 million."""
BUILD_CPU_SECONDS = 12.0
"""Of a build with next to nothing in it: dbt, Dagster and the tests."""
DAYS_PER_MONTH = 30


@dataclass(frozen=True)
class GrowthPlan:
    """How much comes, how often marts are built, what is kept, and what things cost.

    99 bytes of the lake are a statement of the simulator, in gzip.
    """

    per_day: int = 100_000_000
    builds_per_day: int = 1
    kept_days: int = 365
    replicas: int = 2
    core_hour_price: float = 0.05
    terabyte_month_price: float = 80.0
    lake_bytes: int = 99
    lake_terabyte_month_price: float = 23.0


@dataclass(frozen=True)
class Month:
    """The last day of a month."""

    number: int
    statements: int
    disk_terabytes: float
    lake_terabytes: float
    build_core_hours: float
    mean_cores: float
    price: float


def months(plan: GrowthPlan, count: int = 12) -> Iterator[Month]:
    """Month by month what is held, what a build costs by then, and what the month costs."""
    for number in range(1, count + 1):
        days = number * DAYS_PER_MONTH
        held = plan.per_day * min(days, plan.kept_days)
        disk = held * BYTES_PER_STATEMENT * plan.replicas / 1e12
        lake = plan.per_day * days * plan.lake_bytes / 1e12
        build = BUILD_CPU_SECONDS + held * HISTORY_CPU_SECONDS + plan.per_day * NEW_CPU_SECONDS / plan.builds_per_day
        core_hours = build * plan.builds_per_day / 3600
        price = (
            disk * plan.terabyte_month_price
            + lake * plan.lake_terabyte_month_price
            + core_hours * DAYS_PER_MONTH * plan.core_hour_price
        )
        yield Month(number, held, disk, lake, build / 3600, core_hours / 24, price)


def table(plan: GrowthPlan) -> str:
    """The months as Markdown."""
    lines = [
        "| Month | Statements held | ClickHouse | Lake | One build | Cores, mean | Money a month |",
        "|---|---|---|---|---|---|---|",
    ]
    for month in months(plan):
        lines.append(
            f"| {month.number} | {month.statements / 1e9:.1f} billion | {month.disk_terabytes:.1f} TB "
            f"| {month.lake_terabytes:.1f} TB | {month.build_core_hours:.1f} core hours | {month.mean_cores:.1f} "
            f"| {month.price:,.0f} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Print the table for the options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in vars(GrowthPlan()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help=f"default {value}")
    print(table(GrowthPlan(**vars(parser.parse_args(arguments)))))


if __name__ == "__main__":
    main()
