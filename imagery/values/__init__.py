"""What the cells of tables say: days, codes, texts, and what a spreadsheet has changed."""
