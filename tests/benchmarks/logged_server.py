"""The services' process with the engine's log of queries: `system.query_log`, which says what each of them cost.

The engine of a person keeps no such log: it holds the texts of queries, and grows.
"""

import sys
from pathlib import Path
from unittest.mock import patch

from orchestration.embedded import server

QUERY_LOG = """    <query_log>
        <database>system</database>
        <table>query_log</table>
        <flush_interval_milliseconds>60000</flush_interval_milliseconds>
    </query_log>
</clickhouse>
"""


def main() -> int:
    write_config = server.write_engine_config

    def write_logging_config(folder: Path) -> Path:
        config = write_config(folder)
        config.write_text(config.read_text().replace("</clickhouse>\n", QUERY_LOG))
        return config

    with patch.object(server, "write_engine_config", write_logging_config):
        return server.main()


if __name__ == "__main__":
    sys.exit(main())
