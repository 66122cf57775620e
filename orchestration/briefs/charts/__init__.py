"""Geometry of the pictures: values become places in a drawing; `templates/charts.html.j2` draws them as inline SVG.

Series differ in colour, shape and dash, so that none rests on colour alone. A value that is missing has no place: it is
a gap in a line, a hatched cell, or a word.
"""
