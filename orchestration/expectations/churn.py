"""What must hold of the churn training set before a model learns from it."""

from dataclasses import dataclass

from orchestration.expectations.limits import Limit
from orchestration.expectations.published import PublishedSuite

CHECK = "training_set_is_sound"


@dataclass(frozen=True)
class TrainingSuite(PublishedSuite):
    """The training set is counted whole: one row with a count for each thing that must not be."""

    @property
    def query(self) -> str:
        facts = ", ".join(column for limit in self.limits.values() for column in limit.facts)
        return f"select 'all' as source, '' as name, {facts} from marts.{self.mart}"


def training_suite() -> TrainingSuite:
    """Each limit is 0: the mart is made so that none of this can be."""
    key = "tuple(learner_id, course_id, as_of_at)"
    limits = [
        Limit("repeated", "rows that are there twice", f"count() - uniqExact({key})", "0"),
        Limit("from_the_future", "rows that know later activity", "countIf(last_activity_at >= as_of_at)", "0"),
        Limit("unexplained", "labels without reason", "countIf(isNull(is_churned) != (label_reason != ''))", "0"),
        Limit(
            "open_label",
            "labels whose horizon is open",
            "countIf(isNotNull(is_churned) and horizon_at > "
            "(select complete_through_at from marts.agg_data_watermark where source = 'all'))",
            "0",
        ),
        Limit(
            "off_scale",
            "shares outside 0..1",
            "countIf(ifNull(right_ratio not between 0 and 1, false) "
            "or ifNull(left_video_ratio not between 0 and 1, false))",
            "0",
        ),
        Limit("mid_week", "rows of other days than Mondays", "countIf(toDayOfWeek(as_of_at) != 1)", "0"),
    ]
    return TrainingSuite(
        "agg_churn_training", "''", {limit.column: limit for limit in limits}, {limit.column: CHECK for limit in limits}
    )
