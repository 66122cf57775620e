"""Forgetting a person, and telling a person what is held about them.

person     who is meant: identities, spellings, pseudonyms, and a pattern that finds them in text
holdings   where the tables of the engine have them
drops      objects of the lake, rewritten without their lines
tables     what is left in the engine, removed from its disk
blocks     the engine's compressed files, readable
files      every other file of the home: found, and removed or cleaned
steps      the erasure as a whole, step by step, resumable
export     what is held about a person, for that person
"""
