"""The database: engine, schema, typed rows, migrations, and the log of decisions."""
