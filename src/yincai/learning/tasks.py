"""Background: the forms of a paper are assembled, entered marks are counted."""

from __future__ import annotations

from yincai.core.actors import Actor
from yincai.core.tasks import background
from yincai.learning import papers
from yincai.learning.models import PlacementPaper


@background
def assemble_paper(paper: str, *, acting_user: Actor) -> None:
    row = PlacementPaper.objects.select_related("school_class").get(pk=paper)
    if row.state == PlacementPaper.MAKING:
        papers.assemble(row)


@background
def count_marks(paper: str, *, acting_user: Actor) -> int:
    row = PlacementPaper.objects.select_related("school_class").get(pk=paper)
    return papers.count(row, acting_user=acting_user)
