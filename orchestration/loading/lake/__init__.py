"""What lies in the lake: drops and their identity, which part is looked at, and what can be said of one object."""
