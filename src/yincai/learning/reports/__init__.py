"""Reports on a set of items that was worked on: a practice that a teacher set, a placement, some weeks of a class.

`gather` says which answers a report is about; `difficulty`, `clusters`, `reteach` and `growth` look at them; `report`
puts the page together, `sheet` the file and the paper; `patterns` and `progress` speak of one pupil.
"""
