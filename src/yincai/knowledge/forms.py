"""Forms of the bank: an item as a person writes it."""

from __future__ import annotations

from typing import Any

from django import forms

from yincai.knowledge.grading.rules import AnswerSpec
from yincai.knowledge.intake.draft import LADDER, LETTERS, Draft, Refused, check, choice_answer
from yincai.knowledge.models import FlagEnd, FlagReason, Item, ItemKind, ItemVersion
from yincai.knowledge.queries import graph

OPTIONS = LETTERS[:8]
POINT_FIELDS = 4
LEVELS = [("-1.0", "易"), ("-0.5", "较易"), ("0.0", "中"), ("0.8", "较难"), ("1.6", "难")]
SPECS = [
    ("number", "一个数"),
    ("ratio", "比"),
    ("list", "依次几个数"),
    ("expression", "一个式子"),
    ("solution", "方程的解，如 x=3"),
    ("equation", "方程或不等式，如 x>3"),
    ("set", "几个值，不分先后"),
]
FORMS = [("", "不限写法"), ("simplified", "要化成最简"), ("expanded", "要展开"), ("factored", "要分解因式")]


class ItemForm(forms.Form):
    kind = forms.ChoiceField(label="题型", choices=ItemKind.choices, widget=forms.RadioSelect, initial=ItemKind.SINGLE)
    stem = forms.CharField(
        label="题干",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="公式写在 $…$ 之间，例如 $\\frac{1}{2}$；空一行另起一段。",
    )
    answer = forms.CharField(
        label="答案", max_length=200, help_text="选择题填字母，如 B 或 AC；填空题填数或式子，如 3/4、2x+1。"
    )
    spec = forms.ChoiceField(label="答案是", choices=SPECS, required=False)
    unit = forms.CharField(label="单位", max_length=10, required=False, help_text="写在答题框旁边的单位，如 厘米。")
    form = forms.ChoiceField(label="写法", choices=FORMS, required=False)
    decimals = forms.IntegerField(label="保留小数位数", min_value=0, max_value=6, required=False)
    analysis = forms.CharField(label="解析", widget=forms.Textarea(attrs={"rows": 4}), required=False)
    difficulty = forms.TypedChoiceField(label="难度", choices=LEVELS, coerce=float, initial="0.0")
    grade = forms.TypedChoiceField(
        label="年级",
        choices=[("", "按知识点"), *((str(n), f"{n} 年级") for n in range(1, 13))],
        coerce=int,
        empty_value=None,
        required=False,
    )
    source = forms.CharField(label="来源", max_length=200, required=False, help_text="教材、试卷或作者。")
    licence = forms.CharField(label="许可", max_length=60, required=False, help_text="例如 原创、CC BY 4.0、MIT。")
    image = forms.FileField(
        label="配图",
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text="PNG、JPEG 或 WebP，最大 4 MB，显示在题干下面。",
    )
    alt = forms.CharField(label="配图说明", max_length=200, required=False, help_text="给看不到图的人：图里画了什么。")
    why = forms.CharField(label="修改说明", max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for letter in OPTIONS:
            self.fields[f"option_{letter}"] = forms.CharField(label=f"选项 {letter}", max_length=1000, required=False)
        for name in LADDER:
            self.fields[f"hint_{name}"] = forms.CharField(
                label=name, widget=forms.Textarea(attrs={"rows": 2}), required=False
            )
        for number in range(1, POINT_FIELDS + 1):
            widget = forms.TextInput(attrs={"list": "points", "autocomplete": "off"})
            self.fields[f"point_{number}"] = forms.CharField(label=f"知识点 {number}", required=False, widget=widget)

    @property
    def options(self) -> list[forms.BoundField]:
        return [self[f"option_{letter}"] for letter in OPTIONS]

    @property
    def hints(self) -> list[forms.BoundField]:
        return [self[f"hint_{name}"] for name in LADDER]

    @property
    def points(self) -> list[forms.BoundField]:
        return [self[f"point_{number}"] for number in range(1, POINT_FIELDS + 1)]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("image") and not found.get("alt"):
            self.add_error("alt", "请写一句配图说明，看不到图的同学靠它做题。")
        if not self.errors:
            self._judge(found)
        return found

    def _judge(self, found: dict[str, Any]) -> None:
        try:
            draft = self.draft()
            check(draft)
        except Refused as error:
            self.add_error("answer" if "答案" in str(error) else None, str(error))
        for number in range(1, POINT_FIELDS + 1):
            said = found[f"point_{number}"]
            if said and point_code(said) not in graph():
                self.add_error(f"point_{number}", f"没有“{said}”这个知识点，请从列表里选。")

    def draft(self, images: list[dict[str, str]] | None = None) -> Draft:
        found = self.cleaned_data
        is_choice = found["kind"] in (ItemKind.SINGLE, ItemKind.MULTIPLE)
        options = _without_tail([found[f"option_{letter}"] for letter in OPTIONS]) if is_choice else []
        hints = [(name, found[f"hint_{name}"].strip()) for name in LADDER]
        codes = [point_code(found[f"point_{number}"]) for number in range(1, POINT_FIELDS + 1)]
        return Draft(
            kind=found["kind"],
            stem=found["stem"].replace("\r\n", "\n"),
            options=options,
            answer=choice_answer(found["kind"], found["answer"], len(options)) if is_choice else self._answer(),
            hints=[[name, text] for name, text in hints if text],
            analysis=found["analysis"].replace("\r\n", "\n"),
            difficulty=found["difficulty"],
            grade=found["grade"],
            source=found["source"],
            licence=found["licence"],
            points=[code for code in dict.fromkeys(codes) if code],
            images=images or [],
        )

    def _answer(self) -> dict[str, Any]:
        found = self.cleaned_data
        wanted: dict[str, Any] = {f"must_be_{found['form']}": True} if found["form"] else {}
        if found["decimals"] is not None:
            wanted["decimals"] = found["decimals"]
        default = "number" if found["kind"] == ItemKind.NUMERIC else "expression"
        answer: dict[str, Any] = {"kind": found["spec"] or default, "key": found["answer"].strip()}
        if found["unit"].strip():
            answer["unit"] = found["unit"].strip()
        return answer | ({"accept": wanted} if wanted else {})


def point_code(said: str) -> str:
    """The code at the start of what the picker filled in."""
    return said.split()[0] if said.split() else ""


def point_label(code: str) -> str:
    point = graph()[code]
    return f"{code} {point.name}（{graph().units[point.unit].label}）"


def _without_tail(options: list[str]) -> list[str]:
    while options and not options[-1].strip():
        options.pop()
    return options


def initial_of(item: Item, version: ItemVersion, codes: list[str]) -> dict[str, Any]:
    """An item's version as the form shows it."""
    spec = AnswerSpec.from_data(version.answer)
    accept = spec.accept
    wanted = [name for name, _ in FORMS if name and getattr(accept, f"must_be_{name}")]
    nearest = min(LEVELS, key=lambda level: abs(float(level[0]) - version.difficulty))
    values: dict[str, Any] = {
        "kind": item.kind,
        "stem": version.stem,
        "answer": spec.key,
        "spec": spec.kind,
        "unit": spec.unit,
        "form": wanted[0] if wanted else "",
        "decimals": accept.decimals,
        "analysis": version.analysis,
        "difficulty": nearest[0],
        "grade": item.grade or "",
        "source": version.source,
        "licence": version.licence,
    }
    values |= {f"option_{letter}": text for letter, text in zip(OPTIONS, version.options, strict=False)}
    values |= {f"hint_{name}": text for name, text in version.hints}
    values |= {f"point_{number}": point_label(code) for number, code in enumerate(codes[:POINT_FIELDS], start=1)}
    return values


class FlagForm(forms.Form):
    reason = forms.ChoiceField(label="哪里有问题", choices=FlagReason.choices, widget=forms.RadioSelect)
    words = forms.CharField(
        label="说得具体一点", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
    seed = forms.IntegerField(widget=forms.HiddenInput, required=False)


class CloseForm(forms.Form):
    end = forms.ChoiceField(label="处理结果", choices=FlagEnd.choices)
    answer = forms.CharField(label="回复", max_length=300, required=False)
