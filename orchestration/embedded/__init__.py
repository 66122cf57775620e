"""The local services: ClickHouse's HTTP interface over chDB, and an S3 lake, both on loopback.

`services` is the room's door: it starts, stops and describes the two services of one home. `server` is the process
that owns the data folder; everything else here is what that process consists of.
"""
