"""Papers about a run: model card, datasheet, risk table, fact sheet."""
