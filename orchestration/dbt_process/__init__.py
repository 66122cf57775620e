"""dbt as a process: what it parses, and one that is kept warm."""
