"""Forms of monitorings and appeals."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone

from yincai.evaluation.actions.monitor import Plan
from yincai.evaluation.models import Appeal, Monitoring
from yincai.registry.forms_organisation import ChoiceOfPlace, DayField
from yincai.registry.models import Organisation
from yincai.registry.naming import DIGITS

GRADES = [(number, f"{DIGITS[number]}年级") for number in range(3, 10)]
SUBJECTS = [("math", "数学")]
CODE = RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._-]{2,39}$", "编号用 3 到 40 个字母、数字、点、横线，例如 JC2026-M5。")


class ChoiceOfMonitoring(forms.ModelChoiceField):
    def label_from_instance(self, obj: Monitoring) -> str:  # type: ignore[override]
        return f"{obj.title}（{obj.on:%Y-%m}，{obj.code}）"


class PlanForm(forms.Form):
    """A monitoring's plan. The scale is asked for only where it begins a chain."""

    place = ChoiceOfPlace(queryset=Organisation._base_manager.none(), label="由谁组织", empty_label=None)
    title = forms.CharField(label="名称", max_length=60, help_text="例如 2026 年五年级数学学业质量监测。")
    code = forms.CharField(
        label="监测编号", max_length=40, validators=[CODE], help_text="成绩表里用它认这次监测，例如 JC2026-M5。"
    )
    subject = forms.ChoiceField(label="学科", choices=SUBJECTS)
    grade = forms.TypedChoiceField(label="年级", choices=GRADES, coerce=int)
    on = DayField(label="监测日期")
    share = forms.IntegerField(
        label="抽取比例（%）", initial=50, help_text="每校这个年级抽多少学生。监测只抽样：抽得太多就成了跨校考试。"
    )
    before = ChoiceOfMonitoring(
        queryset=Monitoring._base_manager.none(),
        label="接着哪一次",
        required=False,
        empty_label="不接，这是第一次",
        help_text="同一批学生去年的监测。接上以后才能算增值；量尺也沿用那一次的。",
    )
    scale_mean = forms.FloatField(label="量尺平均分", initial=500)
    scale_sd = forms.FloatField(label="量尺标准差", initial=100)
    scale_low = forms.FloatField(label="最低分", initial=0)
    scale_high = forms.FloatField(label="最高分", initial=1000)
    scale_se = forms.FloatField(
        label="测量标准误", initial=30, help_text="成绩表里没有写标准误的学生，用这个数；试卷的技术报告里有。"
    )

    def __init__(self, *args: Any, places: Any, earlier: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"].queryset = places  # type: ignore[attr-defined]
        self.fields["before"].queryset = earlier  # type: ignore[attr-defined]

    def clean_on(self) -> Any:
        day = self.cleaned_data["on"]
        if abs((day - timezone.localdate()).days) > 366:
            raise forms.ValidationError("监测日期离今天超过一年，请核对年份。")
        return day

    @property
    def plan(self) -> Plan:
        return Plan(**{name: value for name, value in self.cleaned_data.items() if name != "place"})


SHORT = {"min_length": "至少写 %(limit_value)d 个字，现在是 %(show_value)d 个。"}


class AppealForm(forms.Form):
    reason = forms.ChoiceField(label="理由", choices=Appeal.REASONS, widget=forms.RadioSelect)
    text = forms.CharField(
        label="说明",
        max_length=1000,
        min_length=10,
        error_messages=SHORT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="写清楚哪里不对、依据是什么，不少于 10 个字。不要写学生的姓名；要核对到人时请当面说。",
    )


class AnswerForm(forms.Form):
    state = forms.ChoiceField(label="结论", choices=Appeal.STATES[1:], widget=forms.RadioSelect)
    answer = forms.CharField(
        label="答复",
        max_length=1000,
        min_length=10,
        error_messages=SHORT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="校长会收到，不少于 10 个字。",
    )
