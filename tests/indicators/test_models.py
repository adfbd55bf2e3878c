"""Model cards and the audit of a model in use."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest

from tests.cast import Cast
from yincai.core.action import ActionError
from yincai.core.actors import acting
from yincai.core.scope import unscoped
from yincai.indicators import auditing, cards
from yincai.indicators.auditing import AREA, GRADE, KIND, TooFew, audit_model, groups_of, sexes, shown_groups
from yincai.indicators.cards import MODELS, Card, Metric, Model, Predicted, models
from yincai.indicators.fairness_words import fairness_said
from yincai.indicators.models import ModelAudit
from yincai.indicators.tasks import audit_one
from yincai.registry.models import Notice
from yincai.registry.queries import pseudonym_of

CODE = "test-model"


def test_every_model_in_use_has_a_card() -> None:
    assert [model.code for model in models()] == ["tracing", "items", "causes", "growth"]


@pytest.mark.django_db
def test_each_card_says_what_why_and_what_is_not_known(cast: Cast) -> None:
    for person in (cast.wang, cast.qian):
        page = cast.client(person).get("/models/")
        for model in models():
            with acting(cast.system):
                card = model.card()
            assert card.label in page.content.decode()
            told = cast.client(person).get(f"/models/{card.code}/").content.decode()
            assert card.does in told and card.data in told and card.limits and card.unknown and card.approved in told


def test_a_metric_fails_only_when_its_whole_interval_is_beyond() -> None:
    assert Metric("m", 0.4, 0.3, 0.5, least=0.6).fails
    assert not Metric("m", 0.4, 0.3, 0.7, least=0.6).fails
    assert Metric("m", 0.2, 0.1, 0.3, most=0.05).fails and Metric("m", 0.2, 0.1, 0.3, most=0.05).verdict == "超出界限"
    assert Metric("m", None, least=0.6).verdict == "数据不够，还不能判断"
    assert Metric("m", None).number == "还没有" and Metric("m", 1.0).verdict == "—"


def test_groups_of_too_few_are_hidden_and_cannot_be_worked_out() -> None:
    pupils = np.repeat(np.arange(40), 5)
    texts = np.where(pupils < 3, "乡村", np.where(pupils < 15, "镇区", "城区")).tolist()
    assert set(shown_groups(texts, pupils, 10)) == {"", "城区"}  # 3 alone would follow from the whole
    assert set(shown_groups(texts, pupils, 3)) == {"乡村", "镇区", "城区"}


@pytest.mark.django_db
def test_groups_are_what_the_registry_keeps_of_schools(cast: Cast) -> None:
    with unscoped("the test reads the city"):
        told = groups_of([cast.class51.path, cast.class71.path, "9999"])
    assert told == {KIND: ["小学", "初中", ""], AREA: ["城区", "城区", ""], GRADE: ["5 年级", "7 年级", ""]}


def made_up(cast: Cast, off: float) -> Predicted:
    """Synthetic: 60 pupils in two classes; the junior school does worse than predicted by `off`."""
    chance = np.random.default_rng(5)
    pupil = np.repeat(np.arange(60), 60)
    place = np.where(pupil < 30, cast.class51.path, cast.class71.path)
    p = chance.uniform(0.3, 0.95, len(pupil))
    y = (chance.random(len(pupil)) < np.where(pupil < 30, p, p - off)).astype(float)
    return Predicted(pupil, place, pupil % 7, np.tile(np.arange(60.0) * 86400, 60), p, y)


@pytest.fixture
def model(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Model:
    def card() -> Card:
        return replace(
            MODELS["tracing"].card(), code=CODE, metrics=cards.audited_metrics(CODE), groups=cards.audited_groups(CODE)
        )

    made = Model(CODE, 99, card, lambda most: made_up(cast, 0.0))
    monkeypatch.setitem(MODELS, CODE, made)
    return made


@pytest.mark.django_db
def test_a_fair_model_is_told_so_with_intervals(cast: Cast, model: Model) -> None:
    with acting(cast.system):
        row = audit_model(model, acting_user=cast.system)
    assert row.findings == [] and row.failing == [] and row.pupils == 60 and row.n == 3600
    page = cast.client(cast.qian).get(f"/models/{CODE}/").content.decode()
    assert "没有发现对某组不公平" in page and "办学类型：初中" in page and "看不出偏差" in page and "在界限内" in page
    assert not Notice._base_manager.filter(sentence__contains="界限").exists()


@pytest.mark.django_db
def test_an_unfair_model_is_shown_and_told_once(cast: Cast, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    unfair = replace(model, predictions=lambda most: made_up(cast, 0.28))
    monkeypatch.setitem(MODELS, CODE, unfair)
    with acting(cast.system):
        row = audit_model(unfair, acting_user=cast.system)
    assert any("初中" in one for one in row.findings) and row.failing
    with acting(cast.system):
        audit_model(unfair, acting_user=cast.system)
    sent = Notice._base_manager.filter(sentence__contains="没有达到它的界限")
    assert set(sent.values_list("person", flat=True)) == {cast.qian.pk, cast.admin.pk} and sent.count() == 2
    assert "没有达到界限" in cast.client(cast.wang).get(f"/models/{CODE}/").content.decode()
    said = fairness_said(row)
    assert any(line.said == "预测偏高，实际做得差一些" for line in said.groups)
    page = cast.client(cast.wang).get(f"/models/{CODE}/").content.decode()
    assert "对每一组人都准吗" not in page  # groups are for the city


def by_months(cast: Cast, fade: float, hard: float) -> Predicted:
    """Synthetic: 60 pupils, answers in October and November; in November the junior school does worse by `fade`, and
    everybody by `hard` on item 3."""
    chance = np.random.default_rng(8)
    pupil = np.repeat(np.arange(60), 120)
    place = np.where(pupil < 30, cast.class51.path, cast.class71.path)
    begun = np.array(["2026-10-10", "2026-11-10"], "datetime64[s]").astype(float)
    time = np.tile(np.repeat(begun, 60), 60)
    late, item = time == begun[1], np.tile(np.arange(120) % 6, 60)
    p = chance.uniform(0.5, 0.95, len(pupil))
    lower = fade * (late & (pupil >= 30)) + hard * (late & (item == 3))
    return Predicted(pupil, place, item, time, p, (chance.random(len(pupil)) < p - lower).astype(float))


@pytest.mark.django_db
def test_what_begins_to_go_wrong_for_a_group_or_an_item_is_told_once(
    cast: Cast, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifting = replace(
        model,
        predictions=lambda most: by_months(cast, 0.15, 0.3),
        items=lambda numbers: {number: (f"题{number}", f"/bank/{number}") for number in numbers},
    )
    monkeypatch.setitem(MODELS, CODE, drifting)
    for _ in range(2):
        with acting(cast.system):
            row = audit_model(drifting, acting_user=cast.system)
    assert any(one.startswith("办学类型“初中”，2026 年 11 月：实际减预测 −0.") for one in row.findings)
    assert any("时间“最近一个月”：同等水平下题目 “题3” 更难" in one for one in row.findings)
    sent = Notice._base_manager.filter(link=f"/models/{CODE}/")
    assert sent.count() == 2, "the officer and the administrator, once"
    city = cast.client(cast.qian)
    page = city.get(f"/models/{CODE}/").content.decode()
    assert "2026 年 11 月" in page and "办学类型：初中，2026 年 11 月" in page and "平均偏差，办学类型“初中”" in page
    items = city.get(f"/models/{CODE}/items").content.decode()
    assert "有 1 道题明显" in items and "/bank/3" in items and "最近一个月（参照：以前）" in items
    assert city.get(f"/models/{CODE}/items?as=csv")["Content-Type"].startswith("text/csv")
    assert cast.client(cast.wang).get(f"/models/{CODE}/items").status_code == 403
    assert "处要看一看，已通知市级人员" in cast.client(cast.wang).get(f"/models/{CODE}/").content.decode()


@pytest.mark.django_db
def test_without_an_audit_the_page_of_items_says_what_comes(cast: Cast, model: Model) -> None:
    page = cast.client(cast.qian).get(f"/models/{CODE}/items").content.decode()
    assert "还没有检查过" in page and "每周自动检查一次" in page


@pytest.mark.django_db
def test_sex_is_a_group_where_it_is_entered(cast: Cast) -> None:
    with acting(cast.system):
        cast.ming.sex = "1"
        cast.ming.save(update_fields=["sex"])
        number = pseudonym_of(cast.ming).number
        assert sexes(np.array([number, number, 5])) == ["男", "男", ""]


@pytest.mark.django_db
def test_few_answers_are_no_audit(cast: Cast, model: Model) -> None:
    few = replace(model, predictions=lambda most: Predicted(*(part[:50] for part in vars(made_up(cast, 0.0)).values())))
    with acting(cast.system), pytest.raises(TooFew, match="只有 50 次"):
        audit_model(few, acting_user=cast.system)
    with acting(cast.system), pytest.raises(TooFew, match="不预测"):
        audit_model(MODELS["growth"], acting_user=cast.system)
    assert not ModelAudit.objects.exists() and auditing.FEWEST == 200


@pytest.mark.django_db
def test_who_asked_is_told_that_answers_are_too_few(cast: Cast, model: Model) -> None:
    few = replace(model, predictions=lambda most: Predicted(*(part[:50] for part in vars(made_up(cast, 0.0)).values())))
    officer = cast.actor(cast.qian)
    with mock.patch.dict(MODELS, {CODE: few}):
        assert audit_one.func(account=str(officer.account.pk), role=str(officer.held.id), code=CODE) == 0
    notice = Notice._base_manager.get(person=cast.qian)
    assert "只有 50 次可用的答题" in notice.sentence and notice.link == f"/models/{CODE}/"


@pytest.mark.django_db
def test_the_button_enqueues_for_the_city_and_says_what_cannot_be(cast: Cast) -> None:
    city = cast.client(cast.qian)
    page = city.post("/models/tracing/audit", follow=True).content.decode()
    assert "正在检查" in page and 'hx-get="/models/tracing/?after=none&amp;looks=1"' in page
    assert "正在检查" not in city.get("/models/tracing/", {"after": "none", "looks": "60"}).content.decode()
    assert "不预测答题" in city.post("/models/growth/audit", follow=True).content.decode()
    assert cast.client(cast.wang).post("/models/tracing/audit").status_code == 403
    assert city.get("/models/nothing/").status_code == 404


def test_a_model_beyond_its_bounds_is_refused_with_what_fails() -> None:
    cards.refuse_beyond_bounds("第 3 次校准", [Metric("m", 0.4, 0.3, 0.7, least=0.6)])
    with pytest.raises(
        ActionError, match=r"第 3 次校准没有达到.*甲是 0\.400（0\.300 到 0\.500），9 题，界限是至少 0\.6"
    ):
        cards.refuse_beyond_bounds("第 3 次校准", [Metric("甲", 0.4, 0.3, 0.5, 9, least=0.6), Metric("乙", 1.0)])
