"""Background: the forms of a paper are assembled, entered marks are counted, the numerics are made ready.

What is compiled is imported by whoever works, not by every command that loads this module.
"""

from __future__ import annotations

from datetime import timedelta

from yincai.core.actors import Actor
from yincai.core.tasks import background, register_periodic
from yincai.learning.models import PlacementPaper


@background
def assemble_paper(paper: str, *, acting_user: Actor) -> None:
    from yincai.learning import papers

    row = PlacementPaper.objects.select_related("school_class").get(pk=paper)
    if row.state == PlacementPaper.MAKING:
        papers.assemble(row)


@background
def count_marks(paper: str, *, acting_user: Actor) -> int:
    from yincai.learning import papers

    row = PlacementPaper.objects.select_related("school_class").get(pk=paper)
    return papers.count(row, acting_user=acting_user)


@background
def ready_numerics(*, acting_user: Actor) -> None:
    """What is compiled on first use is compiled here, once for a machine, so that no pupil waits for it."""
    from yincai.learning import placing

    placing.rehearse()


register_periodic(ready_numerics, timedelta(days=1))
