"""The verdict: what readers see, set against what was offered. The warehouse is asked for its rows and nothing else."""

import time
from collections import Counter
from dataclasses import dataclass, field

from orchestration.loading import status
from tests.faults.lake_reader import read_lake
from tests.faults.offers import Manifest, Version
from tests.faults.warehouse_site import Site


@dataclass
class Watch:
    """What readers have seen so far: they never see half of an object, and never an older version than before."""

    seen: dict[str, int] = field(default_factory=dict)
    """Key → position of its live version."""
    verified: set[tuple[str, str]] = field(default_factory=set)
    """(load_id, object_id) whose lines were compared one by one; later looks count their rows only."""
    delays: dict[tuple[str, str], float] = field(default_factory=dict)
    """(key, etag) → seconds from its delivery until it was seen live; at most one load too many."""

    def look(self, site: Site, manifest: Manifest, may_go_back: bool = False) -> None:
        """Compare every live object with the version that it claims to be."""
        now = time.time()
        live = site.live_objects(self.verified)
        for key, seen in live.items():
            position = manifest.version_with(key, seen.etag)
            assert position >= 0, f"{key} is live with bytes (md5 {seen.etag}) that were never offered as readable"
            version = manifest.versions[key][position]
            is_known = (seen.load_id, seen.object_id) in self.verified
            is_same = seen.accepted + seen.rejected == version.line_count and (
                is_known or seen.digest == version.digest
            )
            assert is_same, f"{key} is live, but its rows are not those of the version that was put"
            assert may_go_back or position >= self.seen.get(key, 0), f"{key} went back to an older version"
            self.verified.add((seen.load_id, seen.object_id))
            self.seen[key] = position
            self.delays.setdefault((key, seen.etag), now - version.put_at)
        vanished = set(self.seen) - set(live)
        assert may_go_back or not vanished, f"readers no longer see {sorted(vanished)[:5]}"
        self.seen = {key: self.seen[key] for key in live}


@dataclass(frozen=True)
class Balance:
    """Lines offered, and what happened to them."""

    offered: int
    accepted: int
    rejected: int
    parked: int
    lost: int
    doubled: int
    foreign: int
    """Rows that were not offered, or that are judged otherwise than the oracle does."""

    @property
    def is_even(self) -> bool:
        whole = self.offered == self.accepted + self.rejected + self.parked
        return whole and not (self.lost or self.doubled or self.foreign)


def check_manifest_against_lake(site: Site, manifest: Manifest) -> None:
    """The two halves of the oracle must agree before they may judge: same keys, same lines, same verdict on each."""
    in_lake = read_lake(site.s3, site.bucket)
    expected = {
        key: versions[-1].rows() if versions[-1].is_readable else None
        for key, versions in manifest.versions.items()
        if key not in manifest.deleted
    }
    differing = [key for key in in_lake.keys() | expected.keys() if in_lake.get(key, []) != expected.get(key, [])]
    assert differing == [], f"the generator and the reader of the lake disagree about {sorted(differing)[:5]}"


def balance(site: Site, manifest: Manifest) -> Balance:
    """Every line of every version that counts, against every row that readers see."""
    live, parked = manifest.expected_live(), manifest.expected_parked()
    seen = site.live_objects()
    suspects = {
        key
        for key in live.keys() | seen.keys()
        if key not in live or key not in seen or seen[key].digest != live[key].digest
    }
    expected_rows = Counter((key, *row) for key in suspects & live.keys() for row in live[key].rows())
    found_rows = Counter(site.live_rows(suspects))
    return Balance(
        offered=_count_lines(live) + _count_lines(parked),
        accepted=sum(counted.accepted for counted in seen.values()),
        rejected=sum(counted.rejected for counted in seen.values()),
        parked=sum(parked[key].line_count for key in site.parked_keys(manifest) & parked.keys()),
        lost=sum((expected_rows - found_rows).values()),
        doubled=sum(count - 1 for count in found_rows.values() if count > 1),
        foreign=sum(count for row, count in found_rows.items() if row not in expected_rows),
    )


def check_settled(site: Site, manifest: Manifest) -> Balance:
    """All that must hold once nothing is due any more."""
    result = balance(site, manifest)
    assert result.is_even, result
    parked, expected = site.parked_keys(manifest), set(manifest.expected_parked())
    assert parked == expected, f"parked are {sorted(parked)}, expected {sorted(expected)}"
    now = status(site.client, site.lake)
    assert now.adds_up, now
    assert (now.due, now.held) == (0, 0), now
    return result


def _count_lines(versions: dict[str, Version]) -> int:
    return sum(version.line_count for version in versions.values())
