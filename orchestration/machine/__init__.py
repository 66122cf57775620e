"""What the operating system gives: locks, the lives of processes, private files. Stands on nothing of the warehouse."""
