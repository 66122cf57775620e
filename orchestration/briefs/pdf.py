"""A page as PDF, printed by a Chromium that is installed on this machine."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
APPLICATIONS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
PRINT_SECONDS = 120
ROOT = 0


class NoPdf(Exception):
    """The page cannot be printed; the message says why and what to do."""


def find_browser() -> str:
    """The path of a Chromium; raises NoPdf without one."""
    for name in BROWSERS:
        if browser := shutil.which(name):
            return browser
    for application in APPLICATIONS:
        if application.exists():
            return str(application)
    raise NoPdf(
        f"No Chromium is installed (looked for {', '.join(BROWSERS)} on PATH), and only a browser can print the PDF. "
        "Install one (Debian: apt-get install chromium), or write --out FILE.html and print it from your browser."
    )


def print_pdf(html: str, target: Path) -> None:
    """Write the page as PDF; raises NoPdf without a browser, or when it fails."""
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="brief-") as folder:
        page, printed = Path(folder) / "brief.html", Path(folder) / "brief.pdf"
        page.write_text(html, encoding="utf-8")
        command = [
            browser,
            *("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
            *("--disable-component-update", "--disable-sync", "--no-pdf-header-footer"),
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={printed}",
            page.as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == ROOT:
            # Chromium refuses its sandbox to root. The page is ours, has no script and may load nothing.
            command.insert(1, "--no-sandbox")
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PRINT_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise NoPdf(
                f"{browser} did not print the page within {PRINT_SECONDS} seconds. Try --out FILE.html."
            ) from error
        if done.returncode != 0 or not printed.exists():
            said = " ".join(done.stderr.split())[-300:] or "nothing"
            raise NoPdf(f"{browser} ended with exit code {done.returncode} and printed no PDF; it said: {said}")
        shutil.copyfile(printed, target)
