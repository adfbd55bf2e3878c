from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("learning", "0004_attribution"),
    ]

    operations = [
        migrations.AddField(
            model_name="placementresult",
            name="score",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="placementresult",
            name="voided_at",
            field=models.DateTimeField(null=True),
        ),
    ]
