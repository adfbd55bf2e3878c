"""The form that takes a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from yincai.registry.forms_organisation import ChoiceOfPlace
from yincai.registry.imports.kinds import ImportKind
from yincai.registry.models import Organisation


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label="导入什么")
    place = ChoiceOfPlace(
        queryset=Organisation._base_manager.none(),
        label="导入到",
        help_text="选到学校，表里就不必填学校代码。",
        empty_label=None,
    )
    file = forms.FileField(label="表格", help_text=".xlsx 或 .csv（UTF-8、GB18030 都可以），最多 20 MB、5 万行。")

    def __init__(self, *args: Any, kinds: Iterable[ImportKind], places: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.name, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        self.fields["place"].queryset = places  # type: ignore[attr-defined]
        self.fields["file"].widget.attrs["accept"] = ".xlsx,.csv"
