"""Taking in a bank from a file: read the rows (`formats`), tell duplicates (`same`), apply them (`actions/take_in`).

The formats are described in docs/reference/item-formats.md.
"""
