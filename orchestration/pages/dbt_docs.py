"""dbt's own documentation: made when it is first asked for, and again when models or tables may have changed."""

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Lock

from starlette.responses import FileResponse, Response

from orchestration.dbt_process.manifest import manifest_path
from orchestration.machine.lifetimes import tied_to_us
from orchestration.settings import PROJECT_ROOT

NAMES = ("index.html", "manifest.json", "catalog.json")
"""What the page asks for. The manifest is that of the project: it is parsed once for all homes."""
STALE_SECONDS = 3600.0
FAILED = 600


class DbtDocs:
    """The files of `dbt docs generate`, in a folder of the home."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "dbt_docs"
        self._lock = Lock()
        self._process: subprocess.Popen | None = None
        self.problem = ""
        """What dbt said when it failed last."""

    def page(self, name: str) -> Response | None:
        """The file; None while it is being made for the first time, or where dbt failed."""
        if name not in NAMES:
            return Response("Not found\n", status_code=404)
        with self._lock:
            if name == "index.html" and self._is_stale():
                self._generate()
        file = manifest_path() if name == "manifest.json" else self._folder / name
        is_whole = (self._folder / "catalog.json").exists() and file.exists()
        return FileResponse(file) if is_whole else None

    def _is_stale(self) -> bool:
        catalogue = self._folder / "catalog.json"
        return not catalogue.exists() or time.time() - catalogue.stat().st_mtime > STALE_SECONDS

    def _generate(self) -> None:
        """Start dbt, unless it is at work; what was made before is served meanwhile."""
        if self._process and self._process.poll() is None:
            return
        if self._process and self._process.returncode:
            self.problem = (self._folder / "log").read_text(errors="replace")[-FAILED:]
            self._process = None
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        dbt = Path(sys.executable).parent / "dbt"
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [dbt, "docs", "generate", "--no-compile", "--target-path", self._folder],
                cwd=PROJECT_ROOT,
                env=os.environ | tied_to_us(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
