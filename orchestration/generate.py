"""Writes every generated file of the project: `python -m orchestration.generate`

To run after a change of a model, a column, a seed, an example of the contract, a question or a chart. When it was
forgotten, a test of the file fails.
"""

from orchestration.contract import generate as contract
from orchestration.dashboards import generate as dashboards
from orchestration.deployment import reader_grants
from orchestration.questions import generate as questions


def main() -> None:
    """Dashboards come before what is read from dbt's manifest: their exposures are part of it."""
    for room in (contract, dashboards, questions, reader_grants):
        room.write_files()


if __name__ == "__main__":
    main()
