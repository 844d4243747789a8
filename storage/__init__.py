"""How rows get to the disk and back: the database under way, its fields, statements written out. `models` hands it on."""
