import os

from django.db import migrations


def second_step(apps, schema_editor):
    if not os.environ.get("NEWER_VERSION_WORKS"):
        raise RuntimeError("second step does not work")


class Migration(migrations.Migration):
    dependencies = [("newer_version", "0001_initial")]
    operations = [migrations.RunPython(second_step)]
