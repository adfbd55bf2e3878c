"""Sets of numbers of tracing that are fitted to the installation's own answers."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("learning", "0002_placement"),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(default="math", max_length=20)),
                ("name", models.CharField(max_length=40, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "正在计算"),
                            ("proposed", "待决定"),
                            ("in_use", "在用"),
                            ("retired", "用过"),
                            ("dropped", "没有采用"),
                            ("failed", "没有算成"),
                        ],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("made_by", models.UUIDField()),
                ("before", models.CharField(blank=True, max_length=40)),
                ("facts", models.IntegerField(default=0)),
                ("pupils", models.IntegerField(default=0)),
                ("evidence", models.JSONField(default=dict)),
                ("metrics", models.JSONField(default=list)),
                ("message", models.CharField(blank=True, max_length=300)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("content", models.BinaryField(default=b"")),
                ("decided_by", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("why", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ("-pk",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "in_use")), fields=("subject",), name="one_version_in_use"
                    )
                ],
            },
        ),
    ]
