"""What can be said of the warehouse from its ledger, for people, for programs and for the steps of a load."""
