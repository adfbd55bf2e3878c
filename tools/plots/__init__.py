"""The pictures of docs/explanation/measurement, drawn from the real data in ../shared/data: `make plots`.

A topic is a module here with PICTURES: a picture's name, and the function that returns it. To add one: write a function
that returns the figure of `sheet.figure(...)` and name it in PICTURES; each module but `sheet` is a topic.
"""

from pathlib import Path

TOPICS = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem != "sheet")
