"""An item for each point that a depth of a generator asks about.

The item that there is keeps its code and the point it hangs on; a second one takes the questions about the other point.
It is made here, before the next migration of the shipped rows (`sync.py`) fills it in, so that packages above can say
in migrations of their own what of the first holds for the second.
"""

from typing import Any

from django.db import migrations, models

DIVIDED = (  # code of the item, the other point, end of the other code
    ("rectangle-1", "m3.rect.perimeter", "perimeter"),
    ("rectangle-2", "m3.area.rect", "rect"),
    ("rectangle-3", "m3.area.rect", "rect"),
    ("order-of-operations-3", "m4.ops.order", "order"),
    ("polygon-area-1", "m5.area.parallelogram", "parallelogram"),
    ("circle-1", "m6.circle.area", "area"),
    ("circle-2", "m6.circle.circumference", "circumference"),
    ("circle-3", "m6.circle.ring", "ring"),
    ("signed-arithmetic-1", "m7.num.add", "add"),
    ("signed-arithmetic-2", "m7.num.mul", "mul"),
)


def divide(apps: Any, schema_editor: Any) -> None:
    items = apps.get_model("knowledge", "Item").objects.exclude(generator="")
    for code, point, end in DIVIDED:
        found = items.filter(code=code).first()
        if found is not None:
            found.pk, found.code, found.topic = None, f"{code}-{end}", point
            found.save(force_insert=True)


class Migration(migrations.Migration):
    dependencies = [
        ("knowledge", "0004_pool_limits"),
    ]

    operations = [
        migrations.AddField(
            model_name="item",
            name="topic",
            field=models.CharField(blank=True, default="", max_length=60),
            preserve_default=False,
        ),
        migrations.RemoveConstraint(
            model_name="item",
            name="one_item_each_depth",
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(
                condition=models.Q(("generator", ""), _negated=True),
                fields=("generator", "depth", "topic"),
                name="one_item_each_topic",
            ),
        ),
        migrations.RunPython(divide, migrations.RunPython.noop),
    ]
