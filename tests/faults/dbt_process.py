"""dbt as a process that can be killed, over the proxies of a site."""

import subprocess

from tests.dbt_command import MODELS_ONLY, Dbt
from tests.faults.offers import Manifest
from tests.faults.proxy import Request
from tests.faults.warehouse_site import Site

MODEL = "stg_xapi__statements"
BUILD = ("build", "--select", f"+{MODEL}", *MODELS_ONLY)


def start_dbt(site: Site) -> subprocess.Popen:
    """Build the statements and the seed below them; no tests, which would only read."""
    return Dbt(site.loader_settings).start(*BUILD)


def build(site: Site) -> None:
    """dbt from start to end; fails with dbt's words."""
    Dbt(site.loader_settings).run(*BUILD)


def fills_the_model(request: Request) -> bool:
    """Whether dbt writes the model's rows, under whichever name it gives the table at first."""
    text = request.body[:4000].lower()
    return MODEL.encode() in text and b"insert into" in text


def check_statements(site: Site, manifest: Manifest) -> None:
    """The model holds every line of every live object, once; of others, readers see none."""
    live = "select load_key from intermediate.int_object_states where is_live"
    rows = site.client.query(
        f"select object_key, line_number from staging.{MODEL} where load_key in ({live})"
    ).result_rows
    expected_live = manifest.expected_live().items()
    expected = sorted((key, number) for key, version in expected_live for number, _, _ in version.rows())
    assert sorted(rows) == expected, f"{MODEL} holds {len(rows)} lines, expected {len(expected)}"
