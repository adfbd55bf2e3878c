from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("knowledge", "0003_calibration_tests"),
    ]

    operations = [
        migrations.AddField(
            model_name="poolversion",
            name="rehearsed",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="poolversion",
            name="limits",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="poolversion",
            name="up_to",
            field=models.BigIntegerField(default=0),
        ),
    ]
