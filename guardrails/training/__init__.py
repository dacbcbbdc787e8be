"""How the names model was made: sentences from templates, a teacher and a student, one ONNX file. Not needed to run."""

from typing import Final

UNMARKED: Final = 255
"""The label of a token that nobody has judged: the student learns it from the teacher alone."""
