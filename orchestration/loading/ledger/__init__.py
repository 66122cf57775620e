"""The tables of `raw` and `ops`, and what is entered there: commits, failures, verdicts and revocations."""
