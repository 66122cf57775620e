"""What a run says at its end: what it did itself, and what was delivered and is not published, since when.

The two are told apart: a run that published all it loaded says nothing about an object that was held last week.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from orchestration.commands.display import output, print_error, print_note
from orchestration.commands.errors import EXIT_FAILED, EXIT_NOT_ALL_PUBLISHED
from orchestration.commands.figures import count
from orchestration.commands.job_run import JobRun

if TYPE_CHECKING:
    from orchestration.loading import Status

SHOWN_PROBLEMS = 10
LOADED = "raw.event_lines"
"""The asset whose metadata has the figures of the load."""
EVERYTHING_IS_PUBLISHED = "Everything delivered is published."


def report(run: JobRun, status: "Status", since: datetime) -> int:
    """Say what the run came to, and return its exit code; `status` is the state after it, `since` when it began."""
    if not run.is_success:
        for failure in run.failures[:SHOWN_PROBLEMS]:
            print_error(failure)
        if len(run.failures) > SHOWN_PROBLEMS:
            print_note(f"… and {len(run.failures) - SHOWN_PROBLEMS} more failures")
        print_note(f"The {run.job} run failed; its log: {run.log_path}")
        return EXIT_FAILED
    for warning in run.warnings[:SHOWN_PROBLEMS]:
        print_note(f"Warning: {warning}")
    if status.lake_error:
        print_note(f"The lake could not be listed after the run: {status.lake_error}")
    for key, reason in new_problems(status, since)[:SHOWN_PROBLEMS]:
        print_note(f"Not published: {key} ({reason})")
    say(f"{run.job}: {what_it_did(run)}")
    say(what_waits(status, since))
    return exit_code(status)


def exit_code(status: "Status") -> int:
    """Whether everything that could be loaded by now is published; what arrived meanwhile is left to the next run."""
    return EXIT_NOT_ALL_PUBLISHED if status.held or status.parked or status.waiting else 0


def new_problems(status: "Status", since: datetime) -> list[tuple[str, str]]:
    """(key, why) of the objects that were held, or could not be read, since then."""
    unread = [(parked, "parked") for parked in status.parked_objects]
    unread += [(waiting, "to be tried again") for waiting in status.waiting_objects]
    problems = [
        (failed.key, f"{state}, {failed.code}: {failed.message}")
        for failed, state in unread
        if failed.failed_at >= since
    ]
    held = [
        held_object
        for held_object in status.held_objects
        if held_object.judged_at is None or held_object.judged_at >= since
    ]
    return sorted(problems + [(held_object.key, f"held, {held_object.reason}") for held_object in held])


def what_it_did(run: JobRun) -> str:
    """What this run loaded, what happened to that, and what it built."""
    models = count(run.built_count, "model or seed", "models and seeds")
    tests = count(run.checked_count, "test", "tests")
    return f"{_load(run.metadata.get(LOADED, {}))} Built {models}, {tests}."


def _load(figures: Mapping[str, Any]) -> str:
    objects, unread = figures.get("objects_loaded", 0), _unread(figures)
    if not objects and not unread:
        return "nothing was due to be loaded."
    rejected = figures.get("lines_rejected", 0)
    lines = count(figures.get("lines_loaded", 0), "line", "lines")
    lines += f", {rejected:,} of them refused" if rejected else ""
    verdicts = f"{figures.get('objects_published', 0):,} published, {figures.get('objects_held', 0):,} held by the gate"
    loaded = f"loaded {count(objects, 'object', 'objects')} ({lines}): {verdicts}"
    return f"{'; '.join([loaded, *unread])}."


def _unread(figures: Mapping[str, Any]) -> list[str]:
    parked, failed = figures.get("objects_parked", 0), figures.get("objects_to_retry", 0)
    return [f"{parked:,} parked"] * bool(parked) + [f"{failed:,} to be tried again"] * bool(failed)


def what_waits(status: "Status", since: datetime | None = None) -> str:
    """What was delivered and is not published; that all is, where nothing waits."""
    unpublished = status.held + status.parked + status.waiting
    arrived = max((status.due or 0) - status.waiting, 0)
    sentences = list(_unpublished(status, unpublished, since))
    if arrived:
        sentences.append(f"{count(arrived, 'object is', 'objects are')} due: the next run loads them.")
    return " ".join(sentences) or EVERYTHING_IS_PUBLISHED


def _unpublished(status: "Status", number: int, since: datetime | None) -> Iterator[str]:
    if not number:
        return
    parts = [f"{status.held:,} held by the gate"] * bool(status.held)
    parts += [f"{status.parked:,} parked"] * bool(status.parked)
    parts += [f"{status.waiting:,} to be tried again"] * bool(status.waiting)
    earlier = number - len(new_problems(status, since)) if since else 0
    since_before = f"; {earlier:,} of them since before this run" if earlier > 0 else ""
    objects = count(number, "delivered object is", "delivered objects are")
    yield f"{objects} not published ({', '.join(parts)}{since_before}): 'uv run warehouse status' says why."


def say(text: str) -> None:
    output().print(text, markup=False, soft_wrap=True)
