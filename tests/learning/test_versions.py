"""A refit is proposed where it predicts better, a named person switches it, the states follow, and it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.cast import Cast
from tests.learning.test_classes import FRACTION, answer, number_of
from yincai.core.action import ActionError
from yincai.core.actors import Actor, acting
from yincai.core.models import AuditRow
from yincai.core.permissions import NotAllowed
from yincai.core.scope import unscoped
from yincai.indicators.cards import MODELS
from yincai.knowledge.graph import load
from yincai.learning.actions.versions import begin_refit, drop_version, use_version
from yincai.learning.fold import PracticeFold
from yincai.learning.keeping import Unkept
from yincai.learning.models import Grown, ModelVersion
from yincai.learning.tasks import move_states, refit_monthly, refit_version
from yincai.learning.tracing import fitting, refit, simulated
from yincai.learning.tracing.facts import Gathered, columns_of, gathered
from yincai.learning.tracing.numbers import Floats, Numbers
from yincai.learning.tracing.shipped import answers_of
from yincai.learning.tracing.state import Traced, name_in
from yincai.learning.tracing.versions import NEWEST, name_in_use, numbers_of
from yincai.measurement.tracing import Parameters, default, trees
from yincai.records import rebuild
from yincai.records.models import LearnerState, StateVersion
from yincai.records.queries import facts_of
from yincai.registry.models import Notice

pytestmark = pytest.mark.django_db
Refit = Callable[..., ModelVersion]


@pytest.fixture(scope="module")
def city() -> fitting.Answers:
    """Pupils as those that the shipped set was fitted to."""
    return answers_of(simulated.practise(load(), 130, 77))


class Once:
    """Fitting and predicting, done once for the same answers: tests of what is then done with a set need no other."""

    def __init__(self) -> None:
        self.fits: dict[bytes, Numbers] = {}
        self.chances: dict[tuple[bool, bytes], Floats] = {}

    def fit(self, answers: fitting.Answers, name: str, told: dict[str, Any], mastery: Parameters) -> Numbers:
        key = answers.score.tobytes()
        if key not in self.fits:
            self.fits[key] = fitting.fit(answers, name, told, mastery)
        return replace(self.fits[key], name=name)

    def said(self, numbers: Numbers, answers: fitting.Answers) -> Floats:
        key = numbers.name == NEWEST, answers.score.tobytes()
        if key not in self.chances:
            self.chances[key] = fitting.said(numbers, answers)
        return self.chances[key]


@pytest.fixture(scope="module")
def once() -> Once:
    return Once()


@pytest.fixture
def refitted(cast: Cast, city: fitting.Answers, once: Once, monkeypatch: pytest.MonkeyPatch) -> Refit:
    """A refit over answers that go otherwise than the shipped set thinks (`twisted`), or just as it thinks."""
    real = default.fit
    monkeypatch.setattr(default, "fit", lambda log: real(log, trees.Settings(trees=20, depth=3)))
    monkeypatch.setattr(refit, "fit", once.fit)
    monkeypatch.setattr(refit, "said", once.said)

    def made(twisted: bool = True) -> ModelVersion:
        found = among(city, [cast.class51.path, cast.other_class.path], twisted, unfair=False)
        monkeypatch.setattr(refit, "gathered", lambda most: found)
        actor = cast.actor(cast.qian)
        with acting(actor):
            return refit.run(begin_refit(acting_user=actor, at_once=True))

    return made


def among(city: fitting.Answers, places: list[str], twisted: bool, unfair: bool) -> Gathered:
    """Every other pupil in each class. Twisted: even points are easy, odd ones hard. Unfair: the second class always
    does worse than its answers before."""
    dice, one = np.random.default_rng(8), city.slots.max(axis=1)
    score = city.score
    if twisted:
        score = (dice.random(len(city)) < np.where(one % 2 == 0, 0.95, 0.45)).astype(float)
    if unfair:
        score = np.where((city.pupil % 2 == 1) & (dice.random(len(city)) < 0.5), 0.0, score)
    place = np.array(places, np.str_)[city.pupil % 2]
    return Gathered(fitting.replace(city, score=score), place, one)


def run(task: Any, actor: Actor, **arguments: object) -> Any:
    """A background task here and now, as its worker would."""
    with acting(actor):
        return task.func(account=str(actor.account.pk), role=None, **arguments)


def test_a_better_set_is_proposed_and_those_who_decide_are_told(cast: Cast, refitted: Refit) -> None:
    row = refitted()
    assert (row.state, row.before, row.label) == ("proposed", NEWEST, f"本地拟合第 {row.pk} 版")
    assert 0 < row.evidence["low"] < row.evidence["gain"] < row.evidence["high"]
    assert row.evidence["pupils"] == 26 and row.digest and len(bytes(row.content)) < 1_000_000
    assert name_in_use() == NEWEST
    with unscoped("test"):
        assert Notice.objects.filter(person=cast.qian, link="/models/tracing/versions").exists()
    page = cast.client(cast.qian).get("/models/tracing/versions").content.decode()
    assert "预测得更准，等您决定" in page and "换上这一版" in page and "校准误差" in page
    assert "换上这一版" not in cast.client(cast.wang).get("/models/tracing/versions").content.decode()
    with acting(cast.actor(cast.qian)), pytest.raises(ActionError, match="还等着决定"):
        begin_refit(acting_user=cast.actor(cast.qian))


def test_where_the_set_in_use_is_right_nothing_is_proposed(refitted: Refit) -> None:
    row = refitted(twisted=False)
    assert row.state == "dropped" and "改善的区间包含 0" in row.message and not row.evidence["low"] > 0


def test_too_few_answers_say_how_many_are_needed(cast: Cast) -> None:
    answer(cast, cast.ming, FRACTION.answer, 2)
    actor = cast.actor(cast.qian)
    with acting(actor):
        row = refit.run(begin_refit(acting_user=actor, at_once=True))
    assert row.state == "failed" and "100 名学生的 3000 次独立作答，现在有 1 名学生的 2 次" in row.message
    run(refit_monthly, cast.system)
    assert list(ModelVersion.objects.all()) == [row]  # a monthly run without enough answers leaves no trace


def test_a_switch_moves_the_states_beside_and_going_back_restores_them(cast: Cast, refitted: Refit) -> None:
    answer(cast, cast.ming, FRACTION.answer, 3)
    row, client, actor = refitted(), cast.client(cast.qian), cast.actor(cast.qian)
    Grown._base_manager.create(pupil=number_of(cast.ming), subject="math", first=1, last=2, figures={})
    reply = client.post("/models/tracing/versions/decide", {"name": row.name, "use": "yes", "why": " "})
    assert reply.status_code == 400 and "为什么" in reply.content.decode()
    reply = client.post("/models/tracing/versions/decide", {"name": row.name, "use": "yes", "why": "留出的学生上更准"})
    assert reply.status_code == 302 and name_in_use() == row.name
    page = client.get("/models/tracing/versions").content.decode()
    assert "学习状态正在后台重算：0 / 1" in page
    answer(cast, cast.ming, FRACTION.answer)  # answers go on in the old set until the switch
    assert name_in(state_of(cast)) == NEWEST
    assert run(move_states, cast.system) == 1
    after = state_of(cast)
    assert name_in(after) == row.name and not Grown._base_manager.exists()
    answer(cast, cast.ming, FRACTION.answer)
    holds(cast, row.name, 5)
    page = client.get("/models/tracing/versions").content.decode()
    assert f"在用的是{row.label}" in page and "留出的学生上更准" in page and "换回这一版" in page
    card = client.get("/models/tracing/").content.decode()
    assert row.name in card and "留出的学生上更准" in card and "没有参加拟合的 26 名" in card
    with acting(actor):
        use_version(NEWEST, "新的不稳", acting_user=actor)
    assert run(move_states, cast.system) == 1
    holds(cast, NEWEST, 5)
    assert ModelVersion.objects.get(pk=row.pk).state == "retired"
    verbs = AuditRow.objects.filter(verb="learning.use_version").values_list("subject", flat=True)
    assert len(set(verbs)) == 2
    assert "新的不稳" in client.get("/models/tracing/").content.decode()


def state_of(cast: Cast) -> bytes:
    return bytes(LearnerState._base_manager.get(pupil=number_of(cast.ming)).state)


def holds(cast: Cast, name: str, answers: int) -> None:
    """The live state is what a rebuild under the set makes of the facts."""
    fold, row = PracticeFold(), LearnerState._base_manager.get(pupil=number_of(cast.ming))
    with unscoped("test"):
        facts = facts_of([row.pupil], "math")
    assert len(facts) == answers and fold.versions.parameters == name
    assert fold.fold(b"", facts, fold.versions) == bytes(row.state)
    assert StateVersion.objects.get(status="active").parameters == name
    verdict = rebuild.check()
    assert (verdict.compared, verdict.different) == (1, 0)


def test_a_set_beyond_its_bounds_is_not_put_into_use(cast: Cast, refitted: Refit) -> None:
    row, actor = refitted(), cast.actor(cast.qian)
    row.metrics[1] |= {"value": 0.09, "low": 0.07, "high": 0.11}
    row.save()
    with acting(actor), pytest.raises(ActionError, match="没有达到模型说明里的界限，不能启用：校准误差"):
        use_version(row.name, "急用", acting_user=actor)
    assert name_in_use() == NEWEST
    page = cast.client(cast.qian).get("/models/tracing/versions").content.decode()
    assert "超出界限的模型不能换上" in page


def test_a_set_that_is_unfair_to_a_group_is_not_put_into_use(cast: Cast, refitted: Refit) -> None:
    row, actor = refitted(), cast.actor(cast.qian)
    row.evidence["findings"] = ["城乡“农村”：实际比预测低 6 个百分点"]
    row.save()
    with acting(actor), pytest.raises(ActionError, match="对某些学生不准，不能换上：城乡“农村”"):
        use_version(row.name, "急用", acting_user=actor)
    with acting(actor):
        drop_version(row.name, "对农村学生不准", acting_user=actor)
    assert ModelVersion.objects.get().state == "dropped"
    with acting(actor), pytest.raises(ActionError, match="不能换上"):
        use_version(row.name, "还是要", acting_user=actor)


def test_an_audit_of_the_held_out_finds_a_group_that_is_predicted_wrong(
    cast: Cast, city: fitting.Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = among(city, ["city", "village"], twisted=False, unfair=True)
    monkeypatch.setattr(
        refit, "groups_of", lambda places: {"城乡": ["城" if one == "city" else "乡" for one in places]}
    )
    p = np.full(len(city), 0.83)
    with unscoped("test"):
        said = refit.unfair(refit.audited(found, p))
    assert any("乡" in one for one in said)


def test_only_city_and_administrator_refit_and_switch(cast: Cast, refitted: Refit) -> None:
    row = refitted()
    for person in (cast.wang, cast.li):
        actor = cast.actor(person)
        with acting(actor), pytest.raises(NotAllowed):
            use_version(row.name, "好", acting_user=actor)
        with acting(actor), pytest.raises(NotAllowed):
            begin_refit(acting_user=actor)


def test_a_run_in_the_background_fills_the_version_and_is_idle_when_run_again(
    cast: Cast, refitted: Refit, city: fitting.Answers
) -> None:
    row = refitted()
    digest = row.digest
    run(refit_version, cast.system, pk=row.pk)
    row.refresh_from_db()
    assert (row.state, row.digest) == ("proposed", digest)


def test_a_stored_set_that_was_changed_is_refused(refitted: Refit) -> None:
    row = refitted()
    assert numbers_of(row.name).name == row.name
    numbers_of.cache_clear()
    ModelVersion.objects.filter(pk=row.pk).update(content=bytes(row.content)[:-1] + b"x")
    with pytest.raises(ValueError, match="校验值不符"):
        numbers_of(row.name)


def test_a_set_of_a_release_with_other_features_gives_way_and_is_not_put_into_use_again(
    cast: Cast, refitted: Refit, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, actor = refitted(), cast.actor(cast.qian)
    use_version(row.name, "更准", acting_user=actor)
    packed = PracticeFold().fold(b"", [], PracticeFold().versions)
    assert name_in_use() == name_in(packed) == row.name
    monkeypatch.setattr("yincai.learning.tracing.numbers.MODEL", "gauss-1+trees-99")
    assert name_in_use() == NEWEST
    left = Traced.unpack(packed)
    assert left.numbers.name == row.name and not left.numbers.predicts
    shown = (np.array([0.4]), np.array([0.1]))
    assert left.chances(np.array([[0]]), 0.0, shown) == shown
    ModelVersion.objects.filter(pk=row.pk).update(state="retired")
    with pytest.raises(ActionError, match="请重新拟合"):
        use_version(row.name, "换回去", acting_user=actor)


def test_practice_that_is_not_kept_goes_on_with_the_set_it_began_with(cast: Cast, refitted: Refit) -> None:
    from tests.records.conftest import response, say

    session: dict[str, Any] = {}
    keeping = Unkept(number_of(cast.gang), session)
    given = response(keeping.pupil, cast.class51.path, 1)
    one = keeping.answered(say(given), given)
    row, actor = refitted(), cast.actor(cast.qian)
    with acting(actor):
        use_version(row.name, "更准", acting_user=actor)
    other = response(keeping.pupil, cast.class51.path, 2)
    two = keeping.answered(say(other), other)
    assert one.numbers.name == two.numbers.name == NEWEST
    assert Traced.unpack(b"").numbers.name == row.name


def test_what_is_read_of_the_facts_is_what_the_fold_sees(cast: Cast) -> None:
    """The chances of a refit are those of a live state, answer by answer."""
    answer(cast, cast.ming, FRACTION.answer, 4)
    answer(cast, cast.hong, "1", 3)
    with unscoped("test"):
        found = gathered(100)
        facts = facts_of([number_of(cast.ming)], "math")
    assert found.answers.pupils == 2 and len(found.answers) == 7
    assert MODELS["tracing"].versions == "learning-versions"
    fold = PracticeFold()
    p = fitting.said(numbers_of(NEWEST), columns_of(facts).answers)
    from yincai.measurement.tracing import ItemBatch, ItemInfo

    for nth, fact in enumerate(facts):
        state = Traced.unpack(fold.fold(b"", facts[:nth], fold.versions))
        moment, slots = fact.at.timestamp(), np.array([fact.points])
        alone = state.by_mastery(ItemBatch.of([ItemInfo(fact.points, fact.difficulty, fact.guess)]), moment)
        assert state.chances(slots, moment, alone)[0][0] == pytest.approx(p[nth], abs=1e-6)
