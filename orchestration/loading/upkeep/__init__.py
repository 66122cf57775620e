"""What keeps ledger, raw and lake in agreement: versions of a key, retention, damage, the comparison of all three."""
