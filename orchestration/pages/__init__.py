"""What `warehouse up` serves beside Dagster: a start page, Data Docs, briefs, model cards and dbt's documentation.

All of it lies below /warehouse of Dagster's own address, behind the same guard. Nothing here changes anything, and no
page loads from another host.
"""
