"""A school under another district takes its part in past monitorings along."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.evaluation.conftest import FIRST, SECOND, Town
from tests.evaluation.test_growth import computed, figures
from yincai.core.actors import acting
from yincai.evaluation.actions.grow import compute_and_keep
from yincai.evaluation.actions.take import bundle_of
from yincai.evaluation.gathering import CHANGED_SCHOOL, Fate
from yincai.evaluation.models import GrowthRun, Monitoring, Participant
from yincai.evaluation.queries import turnout
from yincai.records import places
from yincai.registry.actions.move_school import move_school
from yincai.registry.models import Notice


def moved(town: Town, follow: bool = True) -> None:
    """第一小学 comes under the other district."""
    move_school(town.cast.first, town.cast.west, acting_user=town.cast.actor(town.cast.qian))
    town.cast.first.refresh_from_db()
    if follow:
        places.follow_all(acting_user=town.cast.system)


def first_of(town: Town) -> tuple[int, int, int]:
    """Drawn, with a score, without one."""
    with acting(town.cast.actor(town.cast.qian)):
        row = next(one for one in turnout(town.monitoring(SECOND)) if one.school == town.cast.first)
    return row.drawn, row.scored, row.missing


def of_district(town: Town) -> None:
    """As if the district that the school leaves had run both monitorings."""
    Participant._base_manager.filter(place__startswith=town.cast.west.path).delete()
    Monitoring._base_manager.update(organisation=town.cast.east)


def test_the_city_counts_a_school_that_moved_as_before(monitored: Town) -> None:
    before, took_part = figures(computed(monitored))["示范市第一小学"], first_of(monitored)
    moved(monitored)
    after = figures(computed(monitored))["示范市第一小学"]
    assert (after.n, after.counts) == (before.n, before.counts)
    assert after.growth == pytest.approx(before.growth) and after.growth is not None
    assert CHANGED_SCHOOL not in after.counts, "all its pupils came along"
    assert first_of(monitored) == took_part


def test_the_former_district_leaves_it_out_and_says_so(monitored: Town) -> None:
    of_district(monitored)
    moved(monitored)
    cast, officer = monitored.cast, monitored.cast.actor(monitored.cast.zhao)
    with acting(officer):
        run = compute_and_keep(monitored.monitoring(SECOND), acting_user=officer)
    assert run is not None
    assert set(figures(run)) == {"示范市第二小学", "示范市第三小学"}
    stayed = Participant._base_manager.filter(place__startswith=cast.east.path).values("pupil").distinct().count()
    assert sum(run.counts.get(fate, 0) for fate in Fate) == stayed, "nobody of it is said to be absent"
    page = cast.client(cast.zhao).get(reverse("evaluation-run", args=[run.pk])).content.decode()
    assert "1 所学校在监测以后划了出去，不再计入" in page


def test_nothing_is_computed_while_scores_are_still_on_their_way(monitored: Town) -> None:
    moved(monitored, follow=False)
    officer = monitored.cast.actor(monitored.cast.qian)
    with acting(officer):
        assert compute_and_keep(monitored.monitoring(SECOND), acting_user=officer) is None
    assert "正在转到新的隶属" in Notice._base_manager.get(person=monitored.cast.qian).sentence
    assert not GrowthRun._base_manager.exists()


def test_a_run_from_before_the_move_is_taken_away_with_its_schools(monitored: Town) -> None:
    run = computed(monitored)
    with acting(monitored.cast.actor(monitored.cast.qian)):
        before = bundle_of(run)
    moved(monitored)
    with acting(monitored.cast.actor(monitored.cast.qian)):
        after = bundle_of(run)
    assert after.settings["schools"] == before.settings["schools"]
    assert after.figures == before.figures


def test_both_lists_of_participants_follow(monitored: Town) -> None:
    former = monitored.cast.first.path
    rows = {code: Participant._base_manager.filter(monitoring__code=code) for code in (FIRST, SECOND)}
    count = {code: some.filter(place__startswith=former).count() for code, some in rows.items()}
    moved(monitored)
    for code, some in rows.items():
        assert not some.filter(place__startswith=former).exists()
        assert some.filter(place__startswith=monitored.cast.first.path).count() == count[code] > 0
