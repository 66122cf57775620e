"""What is true of the side courses."""

from dataclasses import dataclass, field
from datetime import timedelta

from orchestration.simulate.campaign import CONTACTED, LEFT_ALONE, identity
from orchestration.simulate.habits import CRAMS, GUESSES, SKIMS, HabitCourse
from orchestration.simulate.plants import STARTED_ON
from orchestration.simulate.side_courses import SideCourse
from orchestration.simulate.weeks import WEEK_DAYS


@dataclass
class CampaignTruth:
    """Learners of a course who were written to or left alone by chance. Counts leave test learners out.

    `contacts` has the identity of each, and `mail` or `held_out`.
    """

    course_id: str
    title: str
    monday: str
    contacted_at: str
    planted_uplift: float
    contacted_count: int
    contacted_kept_count: int
    held_out_count: int
    held_out_kept_count: int
    contacts: list[list[str]] = field(default_factory=list)


@dataclass
class HabitTruth:
    """Learners by their habit, the answers of those who guess, and the steps of those who read the guide."""

    course_id: str
    learner_count: int
    crammer_count: int
    skimmer_count: int
    guesser_count: int
    guess_count: int
    answer_count: int
    guide_course_id: str
    steps: dict[str, int]


@dataclass
class SideTruth:
    """The course that is too thin to judge, the one with contacts, and those of known habits."""

    thin_course_id: str
    thin_title: str
    thin_learner_count: int
    campaign: CampaignTruth
    habits: HabitTruth


def side_truth(courses: list[SideCourse], habits: list[HabitCourse]) -> SideTruth | None:
    """None for a programme without side courses."""
    if not courses:
        return None
    pilot, practice = courses
    thin = (pilot.course.activity_id, pilot.course.title, len(pilot.block.population))
    return SideTruth(*thin, _campaign(practice), _habits(*habits))


def side_sentences(side: SideTruth | None) -> dict[str, str]:
    """Each plant in one plain sentence."""
    if side is None:
        return {}
    campaign = side.campaign
    return {
        "thin_course": f"'{side.thin_title}' has {side.thin_learner_count} learners: too few for scores.",
        "habits": (
            f"Of {side.habits.learner_count} learners of 'Study habits' {side.habits.crammer_count} cram, "
            f"{side.habits.skimmer_count} skim videos and {side.habits.guesser_count} guess."
        ),
        "campaign": (
            f"Of the silent learners of '{campaign.title}' {campaign.contacted_count} are written to on "
            f"{campaign.monday} and {campaign.held_out_count} are left alone: it keeps {campaign.planted_uplift:.0%} "
            "more of them."
        ),
    }


def read_side_truth(raw: dict | None) -> SideTruth | None:
    """From the truth file."""
    if raw is None:
        return None
    parts = {"campaign": CampaignTruth(**raw["campaign"]), "habits": HabitTruth(**raw["habits"])}
    return SideTruth(**(raw | parts))


def _habits(study: HabitCourse, guide: HabitCourse) -> HabitTruth:
    learner = study.block.visits.learner
    answers = [study.kinds[learner[visits]] == GUESSES for module in study.block.told for visits, _ in module.answers]
    kinds = {kind: int((study.kinds == kind).sum()) for kind in (CRAMS, SKIMS, GUESSES)}
    return HabitTruth(
        study.course.activity_id,
        len(study.kinds),
        kinds[CRAMS],
        kinds[SKIMS],
        kinds[GUESSES],
        sum(int(is_guess.sum()) for is_guess in answers),
        sum(len(is_guess) for is_guess in answers),
        guide.course.activity_id,
        guide.steps,
    )


def _campaign(practice: SideCourse) -> CampaignTruth:
    people, campaign = practice.block.population, practice.campaign
    counted = ~people.is_test[campaign.learners]
    monday = STARTED_ON + timedelta(days=WEEK_DAYS * campaign.week)
    contacted, kept = campaign.is_contacted, campaign.is_kept
    return CampaignTruth(
        practice.course.activity_id,
        practice.course.title,
        monday.isoformat(),
        f"{monday.isoformat()}T09:00:00Z",
        round(float(campaign.effect[counted].mean()) if counted.any() else 0.0, 4),
        int((counted & contacted).sum()),
        int((counted & contacted & kept).sum()),
        int((counted & ~contacted).sum()),
        int((counted & ~contacted & kept).sum()),
        [
            [identity(people.web_actors[place]), CONTACTED if is_contacted else LEFT_ALONE]
            for place, is_contacted in zip(campaign.learners.tolist(), contacted.tolist(), strict=True)
        ],
    )
