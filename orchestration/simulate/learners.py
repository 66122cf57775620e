"""Who learns: channel, cohort, traits, and the identities that their devices send."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from orchestration.simulate.catalogue import CAMPUS, Catalogue
from orchestration.simulate.identifiers import random_uuids
from orchestration.simulate.leaving import COMMUNITY_SHARE
from orchestration.simulate.plants import CHANNELS, NEVER_ACTIVE_RATIO, TEST_LEARNER_RATIO, cohort_week_shares

MBOX_RATIO = 0.12
# Of the learners known by address: their phone sends only the SHA-1 of it. Both must become one learner.
HASHED_ON_MOBILE_RATIO = 0.5
LANGUAGES = ("en-US", "en-GB", "fr", "de")
MOBILE_PLATFORMS = ("iOS", "Android")
# Zone codes of what a learner's phone writes behind a timestamp (the web player always writes Z).
ZONE_UTC, ZONE_LOCAL, ZONE_NONE = 0, 1, 2
ZONE_SHARES = (0.90, 0.08, 0.02)


@dataclass
class Population:
    """The learners of one block, one array position each; `number` is unique over all blocks."""

    number: np.ndarray
    course: np.ndarray
    channel: np.ndarray
    cohort_week: np.ndarray
    is_active: np.ndarray
    is_test: np.ndarray
    is_in_community: np.ndarray
    ability: np.ndarray
    pace: np.ndarray
    rate: np.ndarray
    mobile_share: np.ndarray
    mobile_zone: np.ndarray
    web_actors: list[str]
    heads: list[str]

    def __len__(self) -> int:
        return len(self.number)


def _agent(inverse_functional_identifier: str) -> str:
    return f'{{"objectType":"Agent",{inverse_functional_identifier}}}'


def _actors(rng: np.random.Generator, numbers: list[int], names: list[str]) -> tuple[list[str], list[str]]:
    """The actor as the web and as the phone of each learner send it."""
    kinds = rng.random((len(numbers), 2))
    web, mobile = [], []
    for number, name, (by_address, hashed) in zip(numbers, names, kinds.tolist(), strict=True):
        if by_address >= MBOX_RATIO:
            actor = _agent(f'"account":{{"homePage":"{CAMPUS}","name":"{name}"}}')
            web.append(actor)
            mobile.append(actor)
            continue
        address = f"mailto:learner{number:07d}@mail.example.org"
        web.append(_agent(f'"mbox":"{address}"'))
        digest = hashlib.sha1(address.encode()).hexdigest()
        mobile.append(_agent(f'"mbox_sha1sum":"{digest}"') if hashed < HASHED_ON_MOBILE_RATIO else web[-1])
    return web, mobile


def _heads(
    actors: tuple[list[str], list[str]], registrations: list[str], phones: list[str], languages: list[str]
) -> list[str]:
    """What all statements of a learner from one device begin with; learner i has web at 2i and phone at 2i + 1."""
    return [
        f'"actor":{actor},"context":{{"registration":"{registration}","platform":"{platform}","language":"{language}"'
        for web, mobile, registration, phone, language in zip(*actors, registrations, phones, languages, strict=True)
        for actor, platform in ((web, "Web"), (mobile, phone))
    ]


def draw_population(
    rng: np.random.Generator, first_number: int, count: int, weeks: int, catalogue: Catalogue
) -> Population:
    """Draws `count` learners: every trait independent of the others, so that each planted ratio is exact."""
    number = np.arange(first_number, first_number + count)
    names = [name[:18].replace("-", "") for name in random_uuids(rng, count)]
    registrations = random_uuids(rng, count)
    web_actors, mobile_actors = _actors(rng, number.tolist(), names)
    languages = [LANGUAGES[i] for i in rng.choice(len(LANGUAGES), count, p=(0.6, 0.15, 0.15, 0.1))]
    phones = [MOBILE_PLATFORMS[i] for i in rng.integers(0, 2, count)]
    shares = cohort_week_shares(weeks)
    return Population(
        number=number,
        # In turn, not drawn: both courses get the same number of learners of each channel, give or take one.
        course=number % len(catalogue.courses),
        channel=rng.choice(len(CHANNELS), count, p=[channel.share for channel in CHANNELS]),
        cohort_week=rng.choice(len(shares), count, p=shares),
        is_active=rng.random(count) >= NEVER_ACTIVE_RATIO,
        is_test=rng.random(count) < TEST_LEARNER_RATIO,
        is_in_community=rng.random(count) < COMMUNITY_SHARE,
        ability=rng.random(count),
        pace=np.exp(rng.normal(0.0, 0.2, count)),
        rate=rng.choice([1.0, 1.25, 1.5, 2.0], count, p=(0.82, 0.08, 0.07, 0.03)),
        mobile_share=rng.choice([0.0, 0.3, 0.9], count, p=(0.45, 0.35, 0.20)),
        mobile_zone=rng.choice(len(ZONE_SHARES), count, p=ZONE_SHARES),
        web_actors=web_actors,
        heads=_heads((web_actors, mobile_actors), registrations, phones, languages),
    )


def learner_line(
    population: Population, index: int, course_id: str, enrolled_at: str, cohort: str
) -> dict[str, object]:
    """One line of the learners drop."""
    return {
        "actor": json.loads(population.web_actors[index]),
        "course_id": course_id,
        "enrolled_at": enrolled_at,
        "acquisition_channel": CHANNELS[int(population.channel[index])].name,
        "cohort": cohort,
        "is_test": bool(population.is_test[index]),
    }
