"""Background: the forms of a paper are assembled, entered marks are counted, sets of numbers fitted and states moved.

What is compiled is imported by whoever works, not by every command that loads this module.
"""

from __future__ import annotations

from datetime import timedelta

from yincai.core.actors import Actor
from yincai.core.scope import unscoped
from yincai.core.tasks import background, long_background, register_periodic
from yincai.learning.models import Grown, ModelVersion, PlacementPaper, VersionState
from yincai.records import rebuild
from yincai.records.folds import FOLDS
from yincai.records.versions import active, versions_of

SUBJECT = "math"
MONTHLY = timedelta(days=30)


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


@long_background
def refit_version(pk: int, *, acting_user: Actor) -> None:
    from yincai.learning.tracing import refit

    row = ModelVersion.objects.get(pk=pk)
    if row.state == VersionState.RUNNING:
        refit.run(row)


@long_background
def refit_monthly(*, acting_user: Actor) -> None:
    """Nothing where a fit waits for a person, and no trace where answers are too few."""
    from yincai.learning.actions.versions import OPEN, begin_refit
    from yincai.learning.tracing import refit

    if ModelVersion.objects.filter(state__in=OPEN).exists():
        return
    row = refit.run(begin_refit(acting_user=acting_user, at_once=True))
    if row.state == VersionState.FAILED:
        row.delete()


@long_background
def move_states(*, acting_user: Actor) -> int:
    """Bring the states to the numbers in use (after a switch, or a release with others): built beside the old ones, in
    short transactions, while answers go on; a run that was killed goes on where it was. Returns how many moved."""
    moved = 0
    while versions_of(active(SUBJECT).pk) != FOLDS[SUBJECT].versions:
        moved += rebuild.move(SUBJECT)
        with unscoped("figures of the former numbers, of everybody; they are worked out anew"):
            Grown.objects.filter(subject=SUBJECT).delete()
    return moved


register_periodic(refit_monthly, MONTHLY, at_once=False)
register_periodic(move_states, timedelta(hours=1))
