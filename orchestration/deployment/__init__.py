"""What a team runs the warehouse from: image, services, Dagster's configuration, rights, and what a year costs."""
