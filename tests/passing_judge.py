"""A judge that lets everything through, for what is not about the gate: Great Expectations takes seconds a load."""

from orchestration.expectations.verdict import LoadVerdict


class PassingJudge:
    """Lets every object through, as the fastest possible gate would."""

    def judge(self, load_id: str, kind: str, object_count: int) -> LoadVerdict:
        return LoadVerdict()
