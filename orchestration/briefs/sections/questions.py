"""Which questions does the content not teach, and which questions are at fault themselves?"""

from collections.abc import Sequence

from markupsafe import Markup

from orchestration.briefs.charts.rows import dots
from orchestration.briefs.marts import Marts, Row
from orchestration.briefs.page import Cell, Picture, Section, Table, missing, number, sentence
from orchestration.briefs.words import (
    because,
    count,
    decimal,
    interval,
    listed,
    percent,
    points,
    points_interval,
    whole,
)

SHOWN_GAPS = 5
SHOWN_ITEMS = 5
GAP = {
    "does_not_teach": ("does not teach it", "bad"),
    "skipped": ("skipped by most", "warn"),
}
FLAGS = {
    "is_negatively_discriminating": ("the better learners get it wrong", "bad"),
    "is_too_hard": ("no better than guessing", "bad"),
    "is_speeded": ("answered in haste or not reached", "warn"),
    "is_weakly_discriminating": ("hardly tells learners apart", "warn"),
    "is_too_easy": ("nearly all get it right", ""),
}
PLURALS = {
    "is_negatively_discriminating": "{} that the better learners get wrong",
    "is_too_hard": "{} no better than guessing",
    "is_speeded": "{} answered in haste or not reached",
    "is_weakly_discriminating": "{} that hardly tell learners apart",
    "is_too_easy": "{} that nearly all get right",
}
OPTION_FLAGS = {
    "key_misleads": "the right answer misleads",
    "attracts_the_strong": "a wrong answer attracts the strong",
}


def section(marts: Marts) -> Section:
    gaps = marts.rows("gaps")
    items = marts.rows("items")
    judged = marts.row("gaps_judged")
    item_count = marts.row("items_judged").get("judged_count", 0)
    comparable = [gap for gap in gaps if gap["covered_correct_ratio"] is not None]
    tables = [_gap_table(gaps)] if gaps else []
    return Section(
        anchor="questions",
        question="Which questions does the content not teach?",
        answer=_answer(gaps, judged),
        explanation=_items_in_words(items, item_count),
        figures=[_figure(comparable[:SHOWN_GAPS])] if comparable else [],
        tables=[*tables, *([_item_table(items)] if items else [])],
        next_steps=_next_steps(gaps, items, item_count),
        caveat="Learners chose for themselves what to study. The difference is taken among learners of like ability on "
        "the other questions: strong evidence, not proof.",
        tone="bad" if gaps else "",
    )


def _answer(gaps: list[Row], judged: Row) -> Markup:
    known = judged.get("judged_count", 0)
    if not gaps:
        if not known:
            return sentence("No question can be judged yet: too few learners have answered.")
        return sentence(
            "No gap found: of {}, each that fails its learners has a unit that teaches it.",
            count(known, "question that can be judged", "questions that can be judged"),
        )
    first = gaps[0]
    items = len({gap["item_title"] for gap in gaps})
    others = sentence(" {} more {} below.", items - 1, "is" if items == 2 else "are") if items > 1 else ""
    if first["verdict"] == "skipped":
        return sentence(
            "Most learners skip what teaches <b>{}</b>: only {} of {} had covered <b>{}</b> before they answered.{}",
            first["item_title"],
            percent(first["covered_ratio"]),
            count(first["examinee_count"], "learner", "learners"),
            first["unit_title"],
            others,
        )
    return sentence(
        "<b>{}</b> does not teach <b>{}</b>: learners who covered it are right {} of the time, those who did not {} "
        "(difference {}, 95 % interval {}, among learners of like ability).{}",
        first["unit_title"],
        first["item_title"],
        percent(first["covered_correct_ratio"]),
        percent(first["uncovered_correct_ratio"]),
        points(first["risk_difference"]),
        points_interval(first["risk_difference_low"], first["risk_difference_high"]),
        others,
    )


def _items_in_words(items: list[Row], item_count: int) -> Markup:
    if not items:
        return sentence("No question itself shows a fault.")
    counts = [
        PLURALS[flag].format(sum(bool(item[flag]) for item in items))
        for flag in FLAGS
        if any(item[flag] for item in items)
    ]
    misleading = sum(bool(item["option_ids"]) for item in items)
    if misleading:
        counts.append(f"{misleading} with an answer that misleads")
    return sentence(
        "Of {} with enough answers, {} for themselves, whatever the content teaches: {}.",
        count(item_count, "question", "questions"),
        count(len(items), "needs a look", "need a look"),
        listed(counts),
    )


def _figure(gaps: list[Row]) -> Picture:
    rows = [
        (
            gap["item_title"],
            f"after “{gap['unit_title']}”",
            GAP[gap["verdict"]][1],
            [
                _value(gap, "uncovered_correct_ratio"),
                _value(gap, "covered_correct_ratio"),
            ],
            because(gap["comparable_reason"], ""),
            None,
        )
        for gap in gaps
    ]
    return Picture(
        "dots",
        dots(rows, ["had not covered the unit", "had covered it"]),
        "Right at the first attempt",
        "If a unit teaches its question, the filled mark is far to the right of the hollow one.",
    )


def _value(gap: Row, name: str) -> tuple[float | None, float | None, float | None]:
    return gap[name], gap[f"{name}_low"], gap[f"{name}_high"]


def _gap_table(gaps: list[Row]) -> Table:
    left = len(gaps) - SHOWN_GAPS
    return Table(
        "Instructional gaps, the most learners first",
        [
            "Question",
            "Unit that should teach it",
            "Finding",
            "Right, covered",
            "Right, not covered",
            "Worth of the unit",
        ],
        [_gap_row(gap) for gap in gaps[:SHOWN_GAPS]],
        f"{count(left, 'more is', 'more are')} in marts.agg_instructional_gaps." if left > 0 else "",
    )


def _gap_row(gap: Row) -> list[Cell]:
    words, tone = GAP[gap["verdict"]]
    basis = "named in the catalogue" if gap["basis"] == "taught_by" else gap["basis"].replace("_", " ")
    worth = (
        missing(because(gap["comparable_reason"]))
        if gap["risk_difference"] is None
        else number(
            points(gap["risk_difference"]), points_interval(gap["risk_difference_low"], gap["risk_difference_high"])
        )
    )
    return [
        Cell(gap["item_title"], gap["course_title"]),
        Cell(gap["unit_title"], basis),
        Cell(words, kind="mark", tone=tone),
        _right(gap, "covered"),
        _right(gap, "uncovered"),
        worth,
    ]


def _right(gap: Row, group: str) -> Cell:
    name, learners = f"{group}_correct_ratio", whole(gap[f"{group}_count"])
    if gap[name] is None:
        return missing("too few learners to show")
    return number(percent(gap[name]), f"of {learners}; {interval(gap[f'{name}_low'], gap[f'{name}_high'])}")


def _item_table(items: list[Row]) -> Table:
    left = len(items) - SHOWN_ITEMS
    return Table(
        "Questions to look at for themselves",
        ["Question", "What is odd", "Right at first", "Tells learners apart (−1 to 1)"],
        [_item_row(item) for item in items[:SHOWN_ITEMS]],
        f"{count(left, 'more is', 'more are')} in marts.agg_item_analysis." if left > 0 else "",
    )


def _item_row(item: Row) -> list[Cell]:
    flags = [(words, tone) for flag, (words, tone) in FLAGS.items() if item[flag]]
    odd = [words for words, _ in flags] + [OPTION_FLAGS[flag] for flag in sorted(set(item["option_flags"]))]
    tone = "bad" if item["option_ids"] else flags[0][1]
    options = f"answers {', '.join(item['option_ids'][:4])}" if item["option_ids"] else ""
    return [
        Cell(item["title"], item["course_title"]),
        Cell("; ".join(odd), options, "mark", tone),
        _statistic(item, "difficulty_ratio", percent, interval, "suppressed", f"of {whole(item['judged_count'])}; "),
        _statistic(item, "discrimination", _two_digits, _two_digits_range, item["discrimination_reason"]),
    ]


def _statistic(item: Row, name: str, show, show_interval, reason: str, before: str = "") -> Cell:
    if item[name] is None:
        return missing(because(reason))
    if item[f"{name}_low"] is None:
        return number(show(item[name]), before.removesuffix("; "))
    return number(show(item[name]), before + show_interval(item[f"{name}_low"], item[f"{name}_high"]))


def _two_digits(value: float) -> str:
    return decimal(value, 2)


def _two_digits_range(low: float, high: float) -> str:
    return f"{decimal(low, 2)} to {decimal(high, 2)}"


def _next_steps(gaps: Sequence[Row], items: Sequence[Row], item_count: int) -> list[Markup]:
    steps = []
    for gap in gaps[:2]:
        text = (
            "move it before the quiz, or ask learners to open it."
            if gap["verdict"] == "skipped"
            else f"make sure that it shows what “{gap['item_title']}” asks for, or change the question."
        )
        steps.append(sentence("<b>{}</b>: {}", gap["unit_title"], text))
    wrong_key = [item for item in items if item["is_negatively_discriminating"] or item["option_ids"]]
    steps += [
        sentence("<b>{}</b>: check the key first, then the wording of the answers.", item["title"])
        for item in wrong_key[:2]
    ]
    weak = sum(bool(item["is_weakly_discriminating"]) for item in items)
    if weak > item_count / 2:
        steps.append(
            sentence(
                "{} of {} hardly tell learners apart: look at how quizzes are made before rewriting any.",
                weak,
                count(item_count, "question", "questions"),
            )
        )
    elif weak and not wrong_key:
        steps.append(
            sentence("Rewrite {} so that knowing the matter decides.", count(weak, "weak question", "weak questions"))
        )
    return steps or [sentence("Nothing to change this week.")]
