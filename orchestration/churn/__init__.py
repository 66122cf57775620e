"""Who is about to leave: a score per learner and course, published only where it is worth reading.

The training set comes from dbt (`marts.agg_churn_training`). Here a model is fitted, measured on later weeks than it
has seen, held against a plain baseline, and either published or refused with the reason. What comes out goes to `ops`,
and dbt makes marts of it.
"""
