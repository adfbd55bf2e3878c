"""Forms of the organisation pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from yincai.registry.actions.add_organisation import SchoolDetails
from yincai.registry.models import Organisation, OrganisationKind, School, SchoolKind
from yincai.registry.naming import GRADES

DateInput = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
MOST_CLASSES = 40
BOUNDS = {"latitude": (-90, 90), "longitude": (-180, 180), "teachers": (0, 9999), "places": (0, 99999)}


class DayField(forms.DateField):
    """A day, today unless another is chosen."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("initial", timezone.localdate)
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class NodeForm(forms.Form):
    """A district, an overlay, a class."""

    name = forms.CharField(label="名称", max_length=80)
    code = forms.CharField(label="代码", max_length=20, required=False)

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind == OrganisationKind.DISTRICT:
            self.fields["code"].help_text = "6 位行政区划代码，例如 330102。账号会用到它。"
            self.fields["code"].required = True
        if kind in (OrganisationKind.CLASS, OrganisationKind.GRADE):
            del self.fields["code"]


class MendForm(forms.Form):
    name = forms.CharField(label="名称", max_length=80)
    code = forms.CharField(label="代码", max_length=20, required=False)
    order = forms.IntegerField(label="次序", help_text="同级之中小的排在前面。")


class SchoolFactsForm(forms.ModelForm[School]):
    class Meta:
        model = School
        fields = ("kind", "area", "teachers", "places", "latitude", "longitude")
        help_texts = {"latitude": "−90 到 90，例如 30.2741。", "longitude": "−180 到 180，例如 120.1551。"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (low, high) in BOUNDS.items():
            self.fields[name].validators += [MinValueValidator(low), MaxValueValidator(high)]
        self.fields["kind"].choices = SchoolKind.choices  # type: ignore[attr-defined]

    @property
    def details(self) -> SchoolDetails:
        return SchoolDetails(**{name: self.cleaned_data[name] for name in self.Meta.fields})


class SchoolForm(SchoolFactsForm):
    """A new school; offers to make its grades and classes in the same step."""

    name = forms.CharField(label="学校名称", max_length=80)
    code = forms.CharField(label="学校代码", max_length=10, help_text="10 位数字的学校标识码。")
    classes_each = forms.IntegerField(
        label="每个年级几个班",
        min_value=0,
        max_value=MOST_CLASSES,
        initial=4,
        help_text="按办学类型一次建好年级和班级；各年级不一样的，建好后再改。填 0 则先不建。",
    )
    field_order = ("name", "code", "kind", "area", "classes_each", "teachers", "places", "latitude", "longitude")

    @property
    def classes(self) -> dict[str, int]:
        each = self.cleaned_data["classes_each"]
        return {name: each for _, name, _ in GRADES[self.cleaned_data["kind"]]} if each else {}


class ClassesForm(forms.Form):
    """How many classes each grade of a school has."""

    def __init__(self, *args: Any, school: School, there: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for _, name, _ in GRADES[SchoolKind(school.kind)]:
            self.fields[name] = forms.IntegerField(
                label=name,
                min_value=0,
                max_value=MOST_CLASSES,
                initial=there.get(name, 0),
                help_text=f"现有 {there.get(name, 0)} 个班",
            )

    @property
    def wanted(self) -> dict[str, int]:
        return dict(self.cleaned_data)


class CloseForm(forms.Form):
    until = DayField(label="停用日期", help_text="这一天之后不再使用；历史仍在。")


class ChoiceOfPlace(forms.ModelChoiceField):
    def label_from_instance(self, row: Any) -> str:
        return f"{row.parent.name} · {row.name}" if row.parent_id and row.parent else str(row.name)


class MoveForm(forms.Form):
    parent = ChoiceOfPlace(queryset=Organisation._base_manager.none(), label="归到")

    def __init__(self, *args: Any, parents: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = parents  # type: ignore[attr-defined]


class JoinForm(forms.Form):
    school = ChoiceOfPlace(queryset=Organisation._base_manager.none(), label="学校")
    since = DayField(label="从哪天起")

    def __init__(self, *args: Any, schools: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["school"].queryset = schools  # type: ignore[attr-defined]
