"""`warehouse realtime …`: the only part of the warehouse that imports `orchestration.realtime`, when it is called."""
