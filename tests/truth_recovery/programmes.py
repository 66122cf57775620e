"""Many simulated programmes for one warehouse: each under a host of its own, so that none touches another."""

import gzip
import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from orchestration.simulate.catalogue import CAMPUS
from orchestration.simulate.simulator import simulate
from orchestration.simulate.truth import TRUTH_FILE, Truth, read_truth
from tests.independent_draws import independent_draws

CAMPUS_HOST = CAMPUS.removeprefix("https://").encode()
PROGRAMME_HOST = re.compile(r"^https://campus-(\d+)\.example/")
# Two sources, the catalogue and the learners.
DROPS_PER_PROGRAMME = 4
ADDRESS = re.compile(rb"mailto:learner(\d+)@mail\.example\.org")
ADDRESS_HASH = re.compile(rb'"mbox_sha1sum":"([0-9a-f]{40})"')


@dataclass(frozen=True)
class Programme:
    """One seed's programme: its truth and its drops, by key. No other programme shares a learner or a course."""

    seed: int
    truth: Truth
    drops: dict[str, bytes]


def seed_of(activity_id: str) -> int:
    """The seed of the programme that a course, module, unit or item belongs to."""
    host = PROGRAMME_HOST.match(activity_id)
    if host is None:
        raise ValueError(f"{activity_id} belongs to no simulated programme")
    return int(host[1])


def place_of(activity_id: str) -> str:
    """What an activity's id has behind the host: the same in every programme."""
    return activity_id.split("/", 3)[3]


def simulate_programme(seed: int, learners: int, days: int) -> Programme:
    """Simulates with independent draws; all files of a source become one object, because a load counts objects."""
    with tempfile.TemporaryDirectory(prefix="programme-") as name:
        folder = Path(name)
        with independent_draws():
            simulate(folder, learners, days, seed)
        hashes = {_address_hash(b"mail.example.org", n): _address_hash(_mail_host(seed), n) for n in range(learners)}

        def moved(path: Path) -> bytes:
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            return move(content, seed, hashes)

        (folder / TRUTH_FILE).write_bytes(moved(folder / TRUTH_FILE))
        drops = {
            f"events/{source.name}/programme-{seed:04d}.ndjson.gz": gzip.compress(
                b"".join(moved(path) for path in sorted(source.glob("**/*.gz"))), compresslevel=1, mtime=0
            )
            for source in sorted((folder / "events").iterdir())
        }
        for kind in ("catalog", "learners"):
            drops[f"{kind}/programme-{seed:04d}.ndjson"] = moved(folder / kind / f"{kind}.ndjson")
        return Programme(seed, read_truth(folder), drops)


def move(content: bytes, seed: int, hashes: dict[bytes, bytes]) -> bytes:
    """The lines with every activity, home page and address under the programme's own hosts."""
    content = content.replace(CAMPUS_HOST, f"campus-{seed:04d}.example".encode())
    content = ADDRESS.sub(rb"mailto:learner\1@" + _mail_host(seed), content)
    return ADDRESS_HASH.sub(lambda match: b'"mbox_sha1sum":"' + hashes[match[1]] + b'"', content)


def _mail_host(seed: int) -> bytes:
    return f"mail-{seed:04d}.example".encode()


def _address_hash(host: bytes, number: int) -> bytes:
    return hashlib.sha1(f"mailto:learner{number:07d}@".encode() + host).hexdigest().encode()
