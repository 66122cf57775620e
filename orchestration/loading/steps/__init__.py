"""The eight steps of a load, a module each (gate and publish are one); `loader` takes them in turn."""
