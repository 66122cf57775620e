"""What needs a person, and telling that person once: by Slack, Teams, mail, a webhook, or the log.

problems     what is wrong now, from the ledger, the builds and Dagster's runs
incidents    which of it is new, goes on or is over since the last look
message      the words
channel      where they go
"""
