"""Writes the schemas of the families and the page for people; `orchestration.generate` calls it."""

from pathlib import Path

from orchestration.contract.families import family_schemas
from orchestration.contract.json_text import to_text
from orchestration.contract.page import contract_page
from orchestration.contract.rule_book import SCHEMAS, read_schema
from orchestration.contract.vocabulary import HERE

PAGE = HERE / "contract.md"


def generated_files() -> dict[Path, str]:
    """Every generated file with what it must hold."""
    dialect = {"$schema": read_schema("statement")["$schema"]}
    schemas = {SCHEMAS / name: to_text(dialect | schema) for name, schema in family_schemas().items()}
    return schemas | {PAGE: contract_page()}


def write_files() -> None:
    for path, text in generated_files().items():
        path.write_text(text)


if __name__ == "__main__":
    write_files()
