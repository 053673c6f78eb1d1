"""How the files of tables are read: separators, encodings, headers, layers, sheets."""
