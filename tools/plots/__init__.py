"""The pictures of docs/explanation/measurement, drawn from the real data in ../shared/data: `make plots`.

A topic is a module with PICTURES: a picture's name, and the function that returns it. To add one: write a function that
returns `sheet.figure(...)`'s figure, name it in PICTURES, and name a new module in TOPICS.
"""

TOPICS = ("irt", "diagnosis")
