"""What a teacher will not have asked stays unasked where the item was divided: the ban holds for both.

Other words on an item (first, in order) stay with the item that there was, as do set practices.
"""

from typing import Any

from django.db import migrations


def ban_both(apps: Any, schema_editor: Any) -> None:
    items, rules = apps.get_model("knowledge", "Item").objects, apps.get_model("learning", "ItemRule").objects
    for new in items.exclude(generator="").exclude(topic=""):
        first = items.filter(generator=new.generator, depth=new.depth).exclude(pk=new.pk).values("pk")
        for rule in rules.filter(kind="ban", item__in=first):
            rules.get_or_create(
                school_class=rule.school_class,
                item=new.pk,
                defaults={"kind": rule.kind, "position": rule.position, "set_by": rule.set_by, "set_at": rule.set_at},
            )


class Migration(migrations.Migration):
    dependencies = [
        ("learning", "0006_working"),
        ("knowledge", "0005_item_topic"),
    ]

    operations = [
        migrations.RunPython(ban_both, migrations.RunPython.noop),
    ]
