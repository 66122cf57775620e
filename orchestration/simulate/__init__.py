"""Learners with known truth: the drops of a lake, and the truth to hold the marts against."""
