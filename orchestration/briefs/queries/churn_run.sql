-- One row: the newest run of the churn model. No row: no model has run yet.
select as_of_at, status, reason
from marts.fct_churn_runs
order by as_of_at desc
limit 1
