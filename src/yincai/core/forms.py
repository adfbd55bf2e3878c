"""How forms are rendered: label, help, control, error, in the look of the house (settings.FORM_RENDERER)."""

from __future__ import annotations

from django.forms.renderers import DjangoTemplates


class Renderer(DjangoTemplates):
    form_template_name = "core/_form.html"
    field_template_name = "core/_field.html"
