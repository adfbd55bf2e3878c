from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("knowledge", "0002_item_parameters"),
    ]

    operations = [
        migrations.AddField(
            model_name="calibration",
            name="tests",
            field=models.JSONField(default=list),
        ),
    ]
