"""Everything that Superset holds as its own export writes it: python export.py FILE (JSON, name → YAML)."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))


def main() -> None:
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        from records import export_assets

        Path(sys.argv[1]).write_text(json.dumps(export_assets()))


if __name__ == "__main__":
    main()
