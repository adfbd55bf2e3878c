"""Monitorings, growth runs and their figures, appeals."""

import django.db.models.deletion
import django.utils.timezone
import yincai.core.ids
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("registry", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Monitoring",
            fields=[
                (
                    "id",
                    models.UUIDField(default=yincai.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("code", models.CharField(max_length=40, unique=True, verbose_name="监测编号")),
                ("title", models.CharField(max_length=60, verbose_name="名称")),
                ("subject", models.CharField(max_length=20, verbose_name="学科")),
                ("year", models.CharField(max_length=20, verbose_name="学年")),
                ("grade", models.SmallIntegerField(verbose_name="年级")),
                ("on", models.DateField(verbose_name="监测日期")),
                ("share", models.SmallIntegerField(verbose_name="抽取比例（%）")),
                ("scale_mean", models.FloatField(default=500.0, verbose_name="量尺平均分")),
                ("scale_sd", models.FloatField(default=100.0, verbose_name="量尺标准差")),
                ("scale_low", models.FloatField(default=0.0, verbose_name="最低分")),
                ("scale_high", models.FloatField(default=1000.0, verbose_name="最高分")),
                ("scale_se", models.FloatField(default=30.0, verbose_name="测量标准误")),
                ("drawn_at", models.DateTimeField(null=True)),
                ("planned_by", models.UUIDField()),
                ("planned_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "before",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="after",
                        to="evaluation.monitoring",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.organisation"
                    ),
                ),
            ],
            options={
                "ordering": ("-on", "grade", "subject"),
            },
        ),
        migrations.CreateModel(
            name="GrowthRun",
            fields=[
                (
                    "id",
                    models.UUIDField(default=yincai.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("model", models.JSONField()),
                ("counts", models.JSONField()),
                ("least", models.IntegerField()),
                ("inputs", models.BinaryField()),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("by", models.UUIDField()),
                (
                    "monitoring",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="evaluation.monitoring"
                    ),
                ),
            ],
            options={
                "ordering": ("-at",),
            },
        ),
        migrations.CreateModel(
            name="SchoolGrowth",
            fields=[
                (
                    "id",
                    models.UUIDField(default=yincai.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("counts", models.JSONField()),
                ("n", models.IntegerField()),
                ("before", models.FloatField(null=True)),
                ("expected", models.FloatField(null=True)),
                ("came", models.FloatField(null=True)),
                ("growth", models.FloatField(null=True)),
                ("se", models.FloatField(null=True)),
                ("low", models.FloatField(null=True)),
                ("high", models.FloatField(null=True)),
                ("percentile", models.FloatField(null=True)),
                ("percentile_low", models.FloatField(null=True)),
                ("percentile_high", models.FloatField(null=True)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="schools", to="evaluation.growthrun"
                    ),
                ),
                (
                    "school",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.organisation"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Appeal",
            fields=[
                (
                    "id",
                    models.UUIDField(default=yincai.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("roster", "学生归属不对（转入、转出、重名）"),
                            ("score", "成绩录错或漏录"),
                            ("circumstance", "监测当天有特殊情况"),
                            ("method", "对算法有疑问"),
                            ("other", "其他"),
                        ],
                        max_length=14,
                        verbose_name="理由",
                    ),
                ),
                ("text", models.CharField(max_length=1000, verbose_name="说明")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "待答复"), ("upheld", "成立，将更正后重算"), ("declined", "维持原结果")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("answer", models.CharField(blank=True, max_length=1000, verbose_name="答复")),
                ("by", models.UUIDField()),
                ("by_person", models.UUIDField(null=True)),
                ("by_name", models.CharField(max_length=40)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("answered_by_name", models.CharField(blank=True, max_length=40)),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "growth",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeals",
                        to="evaluation.schoolgrowth",
                    ),
                ),
            ],
            options={
                "ordering": ("-at",),
            },
        ),
        migrations.CreateModel(
            name="Participant",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("pupil", models.BigIntegerField()),
                ("place", models.CharField(max_length=64)),
                (
                    "monitoring",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="participants",
                        to="evaluation.monitoring",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("monitoring", "pupil"), name="one_participant")],
            },
        ),
        migrations.AddConstraint(
            model_name="schoolgrowth",
            constraint=models.UniqueConstraint(fields=("run", "school"), name="one_school_growth"),
        ),
    ]
