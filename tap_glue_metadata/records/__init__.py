"""Pure functions from the JSON of Glue's answers to the values of records."""
