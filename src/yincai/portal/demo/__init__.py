"""示范市: a city that does not exist, made in an empty home so that everything can be tried.

**sizes** says which schools there are. **calendar** puts a school year around today. **people** draws the city: the
tree, pupils and their families, staff, officers, consents; **staff** who teaches what, **timetable** when. **model** is
how a simulated pupil thinks, **practice** what comes of it in a term of sittings, **bank** the questions, all of which
are the real item generators'. **build** writes everything in one transaction, with the same fold as live answers.
**accounts** lists who may sign in, **facts** writes bare facts for measuring. The response model is stated in
docs/explanation/demo-city.md. Nothing here speaks of a real person, and a home says that it is a demo for ever.
"""
