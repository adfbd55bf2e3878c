"""Audits of the models in use."""

import django.utils.timezone
from django.db import migrations, models

import yincai.core.ids


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="ModelAudit",
            fields=[
                (
                    "id",
                    models.UUIDField(default=yincai.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("model", models.CharField(max_length=40)),
                ("version", models.CharField(max_length=60)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("by", models.UUIDField()),
                ("n", models.IntegerField()),
                ("pupils", models.IntegerField()),
                ("report", models.JSONField(default=dict)),
                ("findings", models.JSONField(default=list)),
                ("failing", models.JSONField(default=list)),
            ],
            options={
                "ordering": ("-at",),
                "indexes": [models.Index(fields=["model", "-at"], name="newest_audit")],
            },
        ),
    ]
