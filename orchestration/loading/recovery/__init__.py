"""What the load does with an attempt that fails: an object in another form, an object at fault, a lake that is down."""
