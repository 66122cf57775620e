"""The queries that run now: places for them, their clients' ids, and whose they are.

The engine knows one user and ids of its own, so who may see and stop what is decided here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestration.embedded.access import User
from orchestration.embedded.connections import Engine, quote
from orchestration.embedded.errors import EngineError

if TYPE_CHECKING:
    from orchestration.embedded.query_job import QueryJob

MAX_RUNNING_QUERIES = 48
# The rest is left to administrators, so that readers cannot lock them out.
MAX_RUNNING_QUERIES_OF_READERS = 36


class RunningQueries:
    """All requests from the moment that their user is known, and the jobs that they became.

    Requests come and go in the event loop's thread; the threads of jobs only read.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._users: list[User] = []
        self._jobs: tuple[QueryJob, ...] = ()

    @property
    def jobs(self) -> tuple["QueryJob", ...]:
        return self._jobs

    @contextmanager
    def place(self, user: User) -> Iterator[None]:
        """A place for one request, before its body is read; raises ClickHouse's error 202 when all are taken."""
        of_readers = sum(other.is_reader for other in self._users)
        limit = MAX_RUNNING_QUERIES_OF_READERS if user.is_reader else MAX_RUNNING_QUERIES
        if len(self._users) >= MAX_RUNNING_QUERIES or (user.is_reader and of_readers >= limit):
            text = f"Too many simultaneous queries. Maximum: {limit}"
            raise EngineError(202, "TOO_MANY_SIMULTANEOUS_QUERIES", text)
        self._users.append(user)
        try:
            yield
        finally:
            self._users.remove(user)

    def check_id(self, query_id: str) -> None:
        """Raises ClickHouse's error 216 for an id that is taken: which of two queries a client means must be clear."""
        if any(job.request.query_id == query_id for job in self._jobs):
            text = f"Query with id = {query_id} is already running."
            raise EngineError(216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING", text)

    def add(self, job: "QueryJob") -> None:
        self._jobs = (*self._jobs, job)

    def discard(self, job: "QueryJob") -> None:
        self._jobs = tuple(other for other in self._jobs if other is not job)

    def find(self, user: User, query_id: str) -> "QueryJob | None":
        """The query of this user that has this id."""
        return next((job for job in self._jobs if job.request.user == user and job.request.query_id == query_id), None)

    def columns(self, asking: "QueryJob") -> dict[str, str]:
        """For system.processes: expressions of the ids and users that clients know, in place of the engine's own.

        `asking` is the job whose statement they are for: the engine has no id of it yet.
        """
        jobs = self._by_engine_id()
        is_asking = f"has(thread_ids, {asking.thread_id})"

        def expression(column: str, own: str, values: list[str]) -> str:
            known = f"transform(query_id, [{', '.join(map(quote, jobs))}], [{', '.join(map(quote, values))}], {column})"
            return f"if({is_asking}, {quote(own)}, {known if jobs else column})"

        ids = [job.request.query_id for job in jobs.values()]
        users = [job.request.user.name for job in jobs.values()]
        return {
            "query_id": expression("query_id", asking.request.query_id, ids),
            "initial_query_id": expression("initial_query_id", asking.request.query_id, ids),
            "user": expression("user", asking.request.user.name, users),
            "initial_user": expression("initial_user", asking.request.user.name, users),
        }

    def _by_engine_id(self) -> dict[str, "QueryJob"]:
        """Which job runs which of the engine's queries: one that had its thread before and after the engine said so."""
        before = {job.thread_id: job for job in self._jobs if job.thread_id}
        candidates = {
            query_id: before[thread]
            for query_id, threads in self._engine.queries_of_threads().items()
            for thread in threads
            if thread in before
        }
        return {query_id: job for query_id, job in candidates.items() if before.get(job.thread_id) is job}
