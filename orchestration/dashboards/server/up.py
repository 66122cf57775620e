"""Brings Superset up in one process: its tables, the assets, roles and users, then the web server.

    python up.py --assets FOLDER --users FILE --logins FILE --host HOST --port PORT

Each stage is a line on standard output. What is in place already is left alone, so that a later start is quick.
"""

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def say(stage: str) -> None:
    """The next stage, for `warehouse bi` to show."""
    print(f"stage: {stage}", flush=True)


def fingerprint(assets: Path, users: Path) -> str:
    """What the records in Superset's database are made from."""
    digest = hashlib.sha256(importlib.metadata.version("apache-superset").encode())
    for path in [*sorted(assets.rglob("*.yaml")), users, *sorted(HERE.glob("*.py"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def prepare(app, arguments: argparse.Namespace) -> None:
    """Everything that the first start, or a change of the files, asks for."""
    marker = Path(os.environ["WAREHOUSE_BI_HOME"]) / "prepared"
    wanted = fingerprint(arguments.assets, arguments.users)
    if marker.exists() and marker.read_text() == wanted:
        return
    with app.app_context():
        migrate()
        from access import ensure_admin, ensure_roles, ensure_users, ensure_views

        say("Permissions")
        ensure_views()
        logins = json.loads(arguments.logins.read_text())
        admin = ensure_admin(logins)
        say("Dashboards and charts")
        from records import import_assets, remember_states

        import_assets(arguments.assets, admin)
        say("Roles and users")
        ensure_roles(arguments.assets)
        ensure_users(arguments.users, logins)
        remember_states()
    marker.write_text(wanted)


def end_with_starter() -> None:
    """End with `warehouse bi`, however it ends. The module is the warehouse's own, and needs nothing but Python."""
    path = HERE.parents[1] / "machine" / "lifetimes.py"
    spec = importlib.util.spec_from_file_location("lifetimes", path)
    lifetimes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lifetimes)
    lifetimes.end_with_parent(stop_seconds=5)


def migrate() -> None:
    """Superset's own tables, at the version of this Superset."""
    say("Superset's tables")
    import superset
    from flask_migrate import upgrade

    upgrade(directory=str(Path(superset.__file__).parent / "migrations"))


def serve(app, host: str, port: int) -> None:
    """Gunicorn with this very app: nothing is imported a second time."""
    from gunicorn.app.base import BaseApplication

    def after_fork(_server, _worker):
        forget_connections(app)

    class Server(BaseApplication):
        def load_config(self):
            self.cfg.set("bind", f"{host}:{port}")
            self.cfg.set("workers", 1)
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("threads", 8)
            self.cfg.set("timeout", 180)
            self.cfg.set("graceful_timeout", 5)
            self.cfg.set("preload_app", True)
            self.cfg.set("control_socket_disable", True)
            self.cfg.set("post_fork", after_fork)

        def load(self):
            return app

    sys.argv = sys.argv[:1]
    Server().run()


def forget_connections(app) -> None:
    """A connection of the parent is no use to the worker."""
    with app.app_context():
        from superset import db

        db.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assets", type=Path, required=True, help="folder of the dashboards' YAML")
    parser.add_argument("--users", type=Path, required=True, help="CSV of users: user, role, courses")
    parser.add_argument("--logins", type=Path, required=True, help="JSON of the users' first passwords")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    end_with_starter()
    say("Loading Superset")
    # Only assistants need the MCP service (assistant.py): without it the web server starts sooner and is smaller.
    sys.modules["fastmcp"] = None
    from superset.app import create_app

    app = create_app()
    prepare(app, arguments)
    say("Web server")
    serve(app, arguments.host, arguments.port)


if __name__ == "__main__":
    main()
