"""Weekly briefs for people who open no tool: one HTML page, every number read from the marts by a named query."""

from orchestration.briefs.brief import NothingToTell, UnknownCourse, WrittenBrief, write_brief
from orchestration.briefs.marts import all_marts

__all__ = ["NothingToTell", "UnknownCourse", "WrittenBrief", "all_marts", "write_brief"]
