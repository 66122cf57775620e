"""What is true of the simulated data: the planted parameters, and the counts that came of them.

`planted` values are the parameters that the generator drew with; `drawn` counts are what it drew. A mart estimates the
first with an interval; where nothing was lost on the way, it repeats the second to the digit.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

FORMAT, UNFINISHED = 3, 0
TRUTH_FILE = "truth.json"


@dataclass
class Counts:
    """Lines and statements of the whole lake. The equations that hold are checked by the tests:

    lines = rejected + quarantined + accepted_copies + voided + voiding; accepted_copies = events + duplicates.
    """

    files: int = 0
    lines: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    voided: int = 0
    voiding: int = 0
    late_statements: int = 0
    events: int = 0
    assumed_utc: int = 0
    learners_enrolled: int = 0
    learners_active: int = 0
    learners_test: int = 0
    sessions: int = 0
    sentence: str = ""

    @property
    def rejected_lines(self) -> int:
        return sum(self.rejected.values())

    @property
    def quarantined_statements(self) -> int:
        return sum(self.quarantined.values())


@dataclass
class LeaveTruth:
    """A video that loses a known share of all who start it at a known place."""

    video_id: str
    title: str
    at_seconds: float
    first_second: float
    last_second: float
    planted_ratio: float
    started_count: int = 0
    left_count: int = 0
    watched_seconds: float = 0.0
    sentence: str = ""


@dataclass
class StratumTruth:
    """Reached and completed of one module in one stratum (cohort month × channel), with the planted ratio."""

    channel: str
    cohort_month: int
    planted_ratio: float
    reached_count: int = 0
    completed_count: int = 0


@dataclass
class ModuleTruth:
    """Completion of one module, whole and by stratum, and the first answers to its questions."""

    module_id: str
    title: str
    plant: str
    reached_count: int = 0
    completed_count: int = 0
    first_answer_count: int = 0
    first_correct_count: int = 0
    planted_time_ratio: float = 1.0
    strata: list[StratumTruth] = field(default_factory=list)


@dataclass
class EqualModulesTruth:
    """Two modules of one quality, reached by different mixes of channels."""

    first_module_id: str
    second_module_id: str
    planted_difference: float = 0.0
    crude_first: float = 0.0
    crude_second: float = 0.0
    sentence: str = ""


@dataclass
class ItemTruth:
    """What covering the unit before the first attempt is worth: a difference of probabilities."""

    item_id: str
    unit_id: str
    title: str
    planted_difference: float
    covered_count: int = 0
    covered_correct_count: int = 0
    uncovered_count: int = 0
    uncovered_correct_count: int = 0
    sentence: str = ""


@dataclass
class RecutTruth:
    """A video that was cut again: the share of those who got to the place and left there, before and after."""

    video_id: str
    title: str
    changed_at: str
    planted_before: float
    planted_after: float
    sentence: str = ""

    @property
    def planted_difference(self) -> float:
        return round(self.planted_after - self.planted_before, 4)


@dataclass
class RetentionCell:
    """One cell of cohort retention, all courses together, test learners left out."""

    cohort_basis: str
    cohort_week: str
    channel: str
    age_weeks: int
    definition: str
    planted_ratio: float
    cohort_size: int
    active_count: int


@dataclass
class Truth:
    """Everything that is known of one simulation.

    `leaving` is the planted probability of two silent weeks: channel (in the order of the plants) × in the community ×
    weeks since the first × active in the week before.
    """

    learners: int
    days: int
    seed: int
    started_on: str
    ended_on: str
    counts: Counts
    leave_video: LeaveTruth
    modules: list[ModuleTruth]
    equal_modules: EqualModulesTruth
    items: list[ItemTruth]
    retention: list[RetentionCell] = field(default_factory=list)
    leaving: list = field(default_factory=list)
    recuts: list[RecutTruth] = field(default_factory=list)
    sentences: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def module(self, plant: str) -> ModuleTruth:
        """The module that carries this plant."""
        return next(module for module in self.modules if module.plant == plant)

    def write(self, folder: Path) -> Path:
        path = folder / TRUTH_FILE
        path.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2) + b"\n")
        return path


def mark_unfinished(folder: Path) -> None:
    """Puts down a truth file that says that the simulation is still being written, or was interrupted."""
    (folder / TRUTH_FILE).write_text(f'{{"format": {UNFINISHED}}}\n')


def read_truth(path: Path) -> Truth:
    """Reads a truth file, or the one in a folder."""
    path = path / TRUTH_FILE if path.is_dir() else path
    raw = orjson.loads(path.read_bytes())
    if raw.get("format") == UNFINISHED:
        raise ValueError(f"{path} belongs to a simulation that was interrupted: simulate again into that folder")
    if raw.get("format") != FORMAT:
        raise ValueError(
            f"{path} has truth format {raw.get('format')!r}, expected {FORMAT}: simulate again with this version"
        )
    modules = [
        ModuleTruth(**(module | {"strata": [StratumTruth(**stratum) for stratum in module["strata"]]}))
        for module in raw["modules"]
    ]
    parts = {
        "counts": Counts(**raw["counts"]),
        "leave_video": LeaveTruth(**raw["leave_video"]),
        "modules": modules,
        "equal_modules": EqualModulesTruth(**raw["equal_modules"]),
        "items": [ItemTruth(**item) for item in raw["items"]],
        "retention": [RetentionCell(**cell) for cell in raw["retention"]],
        "recuts": [RecutTruth(**recut) for recut in raw["recuts"]],
    }
    return Truth(**(raw | parts))
