"""Forms of the people pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils import timezone

from yincai.registry.actions.enter_person import Details
from yincai.registry.actions.guardian_codes import RELATIONS
from yincai.registry.actions.reveal import FIELDS, PURPOSES
from yincai.registry.forms_organisation import ChoiceOfPlace, DayField
from yincai.registry.models import Organisation, RoleName
from yincai.registry.numbers import NumberError, read_identity, read_phone, read_pupil_number

SUBJECTS = (
    "语文", "数学", "英语", "道德与法治", "科学", "信息科技", "体育与健康", "音乐", "美术", "艺术", "劳动", "综合实践",
    "物理", "化学", "生物学", "历史", "地理", "心理健康",
)  # fmt: skip
KEEP = "已登记，留空则不改。"


class PersonForm(forms.Form):
    """What is written down about a person. `held`: sealed fields that already hold something."""

    name = forms.CharField(label="姓名", max_length=40)
    sex = forms.ChoiceField(label="性别", choices=[("", "未填"), ("1", "男"), ("2", "女")], required=False)
    born = forms.DateField(
        label="出生日期", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    identity = forms.CharField(label="身份证件号", max_length=30, required=False)
    phone = forms.CharField(label="电话", max_length=30, required=False)
    note = forms.CharField(
        label="备注", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="加密保存。"
    )

    def __init__(self, *args: Any, held: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in held:
            if name in self.fields:
                self.fields[name].help_text = KEEP

    def clean_identity(self) -> str:
        return self._number("identity")

    def clean_phone(self) -> str:
        return self._number("phone")

    def clean_pupil_number(self) -> str:
        return self._number("pupil_number")

    @property
    def details(self) -> Details:
        names = ("name", "sex", "born", "pupil_number", "identity", "phone", "note")
        return Details(**{name: self.cleaned_data[name] for name in names if name in self.cleaned_data})

    def _number(self, field: str) -> str:
        text: str = self.cleaned_data[field]
        if not text:
            return ""
        today = timezone.localdate()
        try:
            if field == "phone":
                return read_phone(text)
            return (read_identity if field == "identity" else read_pupil_number)(text, today).number
        except NumberError as error:
            raise forms.ValidationError(f"{error}。") from None


class PupilMendForm(PersonForm):
    pupil_number = forms.CharField(
        label="全国学籍号", max_length=30, required=False, help_text="G、J 或 L 加 18 位。没有时先空着。"
    )
    field_order: Iterable[str] | None = ("name", "pupil_number", "sex", "born", "identity", "phone", "note")


class PupilForm(PupilMendForm):
    number = forms.IntegerField(label="班内学号", min_value=1, max_value=999)
    since = DayField(label="入班日期")
    field_order: Iterable[str] | None = (
        "name",
        "number",
        "sex",
        "pupil_number",
        "born",
        "identity",
        "phone",
        "since",
        "note",
    )


class AdmitForm(forms.Form):
    """转入 by 学籍号 and name."""

    pupil_number = forms.CharField(label="全国学籍号", max_length=30)
    name = forms.CharField(label="姓名", max_length=40)
    number = forms.IntegerField(label="班内学号", min_value=1, max_value=999, required=False)
    since = DayField(label="转入日期")


class TransferForm(forms.Form):
    school_class = ChoiceOfPlace(queryset=Organisation._base_manager.none(), label="转到哪个班")
    number = forms.IntegerField(label="新的班内学号", min_value=1, max_value=999, required=False)
    on = DayField(label="从哪天起")

    def __init__(self, *args: Any, classes: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["school_class"].queryset = classes  # type: ignore[attr-defined]


class NumberForm(forms.Form):
    number = forms.IntegerField(label="班内学号", min_value=1, max_value=999)


class UntilForm(forms.Form):
    until = DayField(label="到哪天为止")


class StaffForm(PersonForm):
    role = forms.ChoiceField(label="身份")
    since = DayField(label="从哪天起")
    field_order: Iterable[str] | None = ("name", "role", "sex", "born", "phone", "identity", "since", "note")

    def __init__(self, *args: Any, roles: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(name, RoleName(name).label) for name in roles]  # type: ignore[attr-defined]


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="身份")
    place = ChoiceOfPlace(queryset=Organisation._base_manager.none(), label="在哪里")
    since = DayField(label="从哪天起")

    def __init__(self, *args: Any, roles: Iterable[str], places: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(name, RoleName(name).label) for name in roles]  # type: ignore[attr-defined]
        self.fields["place"].queryset = places  # type: ignore[attr-defined]


class TeachingForm(forms.Form):
    school_class = ChoiceOfPlace(queryset=Organisation._base_manager.none(), label="班级")
    subject = forms.CharField(label="学科", max_length=20, widget=forms.TextInput(attrs={"list": "subjects"}))
    leads = forms.BooleanField(label="担任这个班的班主任", required=False)

    def __init__(self, *args: Any, classes: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["school_class"].queryset = classes  # type: ignore[attr-defined]


class GuardianForm(PersonForm):
    relation = forms.ChoiceField(label="与孩子的关系", choices=[(name, name) for name in RELATIONS])
    field_order: Iterable[str] | None = ("name", "relation", "phone", "sex", "identity", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].help_text = "同名同电话的家长已登记过的话，会直接关联，不会重复建人。"
        del self.fields["born"]


class RevealForm(forms.Form):
    field = forms.ChoiceField(label="看哪一项", choices=list(FIELDS.items()))
    purpose = forms.ChoiceField(label="为了什么", choices=list(PURPOSES.items()))
