"""A model behind an OpenAI-compatible endpoint: what it is told, and what is taken from its answer.

It gets the question and the descriptions of the marts, never a row. Of its answer only SQL, a sentence with holes and
caveats are used; the holes are filled here, from the rows that the SQL returned.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import httpx

from orchestration.settings import AskEndpoint

SECONDS = 120
MAX_ANSWER_BYTES = 1_000_000
MAX_TEXT = 1000
_FENCE = re.compile(r"```(?:json|sql)?\s*\n(.*?)```", re.DOTALL | re.IGNORECASE)
TASK = """\
You write SQL for a learning-analytics warehouse in ClickHouse. Answer with one JSON object and nothing else:
{"sql": "...", "answer": "...", "caveats": ["..."]}
sql: one SELECT on the marts below, with clear column aliases, ordered so that the most important row is first, at most
100 rows. answer: one sentence about the first row, with {alias} where a value of it belongs; {alias|percent} for
ratios, {alias|clock} for positions in seconds, {alias|whole} for counts, {alias|decimal}, {alias|date}.
caveats: what to know before acting on it. If the marts cannot answer the question, sql is empty and answer says why.
"""


class EndpointError(Exception):
    """The endpoint cannot be reached or gives no usable answer; the message says what was found and what to do."""


@dataclass(frozen=True)
class Proposal:
    """What a model proposes to a question; nothing of it is trusted."""

    sql: str
    answer: str
    caveats: tuple[str, ...]
    text: str
    """The answer as it came, for the repair round."""


class Conversation:
    """One question to a model, with what was said so far."""

    def __init__(self, endpoint: AskEndpoint, context: str, client: httpx.Client | None = None) -> None:
        self._endpoint = endpoint
        self._client = client or httpx.Client(timeout=SECONDS, follow_redirects=False)
        self._messages = [{"role": "system", "content": f"{TASK}\n{context}"}]

    def ask(self, question: str) -> Proposal:
        """The model's proposal; raises EndpointError."""
        self._messages.append({"role": "user", "content": question})
        proposal = read_proposal(self._send())
        self._messages.append({"role": "assistant", "content": proposal.text})
        return proposal

    def repair(self, fault: str) -> Proposal:
        """Another proposal after the first one did not run."""
        return self.ask(f"This SQL was not run: {fault}\nAnswer again, with the same JSON object.")

    def _send(self) -> str:
        url = f"{self._endpoint.url.rstrip('/')}/chat/completions"
        headers = {"Authorization": f"Bearer {self._endpoint.api_key}"} if self._endpoint.api_key else {}
        body = {"model": self._endpoint.model, "messages": self._messages, "temperature": 0}
        try:
            with self._client.stream("POST", url, json=body, headers=headers) as response:
                content = _limited(response)
        except httpx.HTTPError as error:
            raise EndpointError(
                f"The model's endpoint {self._endpoint.url} does not answer ({type(error).__name__}). Check "
                "ASK_ENDPOINT_URL, or ask with --no-model."
            ) from error
        if response.status_code != httpx.codes.OK:
            raise EndpointError(
                f"The model's endpoint {self._endpoint.url} answered with status {response.status_code}: "
                f"{_plain(content, 200)}. Check ASK_ENDPOINT_URL, ASK_API_KEY and ASK_MODEL, or ask with --no-model."
            )
        return _message_of(content, self._endpoint.url)


def _limited(response: httpx.Response) -> bytes:
    content = b""
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise EndpointError(f"The model's answer is longer than {MAX_ANSWER_BYTES:,} bytes and was not read on.")
    return content


def _message_of(content: bytes, url: str) -> str:
    try:
        text = json.loads(content)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        raise EndpointError(
            f"{url} did not answer as an OpenAI-compatible endpoint does (expected choices[0].message.content); it "
            f"said: {_plain(content, 200)}. ASK_ENDPOINT_URL is the address before /chat/completions."
        ) from error
    if not isinstance(text, str):
        raise EndpointError(f"{url} answered without text. Check ASK_MODEL.")
    return text


def read_proposal(text: str) -> Proposal:
    """The JSON object of a model's answer, also when it stands between other words; SQL alone counts as well."""
    fenced = _FENCE.search(text)
    for candidate in (text, fenced[1] if fenced else "", text[text.find("{") : text.rfind("}") + 1]):
        try:
            document = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(document, dict):
            return Proposal(_text(document, "sql"), _text(document, "answer"), _caveats(document.get("caveats")), text)
    return Proposal((fenced[1] if fenced else text).strip(), "", (), text)


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    return value.strip() if isinstance(value, str) else ""


def _caveats(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(_plain(item.encode(), MAX_TEXT) for item in items[:5] if isinstance(item, str) and item.strip())


def _plain(content: bytes, length: int) -> str:
    """One line without control characters, for a terminal."""
    text = " ".join(content.decode("utf-8", "replace").split())
    return "".join(letter for letter in text if letter.isprintable())[:length]
