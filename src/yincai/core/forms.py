"""How forms are rendered: label, help, control, error, in the look of the house (settings.FORM_RENDERER)."""

from __future__ import annotations

from django.forms import Field
from django.forms.renderers import DjangoTemplates

REQUIRED = "请填写这一项。"


class Renderer(DjangoTemplates):
    form_template_name = "core/_form.html"
    field_template_name = "core/_field.html"


def speak_plainly() -> None:
    """Django's own words for an empty field name no way out."""
    Field.default_error_messages = {**Field.default_error_messages, "required": REQUIRED}
