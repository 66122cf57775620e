"""The steps of a load, one module each, and what happens when one of them fails; `loader` takes them in turn."""
