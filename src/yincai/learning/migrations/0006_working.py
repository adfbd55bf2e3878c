import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("learning", "0005_placement_scores"),
    ]

    operations = [
        migrations.CreateModel(
            name="Working",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("statement", models.UUIDField(unique=True)),
                ("answer", models.UUIDField()),
                ("pupil", models.BigIntegerField()),
                ("subject", models.CharField(max_length=20)),
                ("place", models.CharField(max_length=64)),
                ("lines", models.JSONField(default=list)),
                ("broken", models.SmallIntegerField(null=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "indexes": [models.Index(fields=["pupil", "answer"], name="working_pupil")],
            },
        ),
    ]
