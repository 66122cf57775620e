"""The same lines on another road: dealt to other files, in another order, some of them twice."""

import gzip
import random
from collections import defaultdict
from pathlib import Path

FILES_PER_SOURCE = 5
REPEATED_RATIO = 0.1


def redeliver(simulated: Path, folder: Path, seed: int) -> Path:
    """Write the events below `simulated` anew into `folder`; source and everything else stay as they are."""
    chance = random.Random(seed)
    lines: defaultdict[str, list[bytes]] = defaultdict(list)
    for path in sorted((simulated / "events").glob("*/dt=*/*.ndjson.gz")):
        lines[path.parts[-3]] += gzip.decompress(path.read_bytes()).splitlines()
    for source, delivered in sorted(lines.items()):
        again = delivered + [line for line in delivered if chance.random() < REPEATED_RATIO]
        chance.shuffle(again)
        for number in range(FILES_PER_SOURCE):
            path = folder / "events" / source / "dt=2025-09-30" / f"redelivered-{number}.ndjson.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(b"\n".join(again[number::FILES_PER_SOURCE]) + b"\n", mtime=0))
    for kind in ("catalog", "learners"):
        for path in sorted((simulated / kind).iterdir()):
            (folder / kind).mkdir(exist_ok=True)
            (folder / kind / path.name).write_bytes(path.read_bytes())
    return folder
