"""The event contract: what a sender must and should send, as files, and the judge of a file before it is sent.

`schemas/` says which lines are accepted (JSON Schema 2020-12, each rule with the reason of a line that breaks it) and
what each family of events should carry; `examples/` shows both; `contract.md` is the same for people, made from them.
Staging judges again, in SQL, with the same verdict.
"""
