"""The demo records contacts with simulated learners, under the pseudonyms that this warehouse gives them."""

import hashlib
import hmac
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from orchestration.simulate.side_truth import CampaignTruth

KEY = "select argMax(value, set_at) from ops.keys where name = 'learner_id_key'"


def record_contacts(client: "Client", campaign: "CampaignTruth") -> int:
    """Records them as `warehouse churn record` does, unless there are contacts already; returns how many it sent."""
    from orchestration.churn.records import write_interventions

    if client.command("select count() from ops.interventions"):
        return 0
    key, at = str(client.command(KEY)), datetime.fromisoformat(campaign.contacted_at)
    rows = [(pseudonym(identity, key), campaign.course_id, at, kind) for identity, kind in campaign.contacts]
    return write_interventions(client, rows)


def pseudonym(identity: str, key: str) -> str:
    """The learner_id, as the macro `learner_key` makes it."""
    return hmac.new(key.encode(), identity.encode(), hashlib.sha256).hexdigest()[:32]
