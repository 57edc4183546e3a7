"""Shows the pipeline on an emulated AWS Glue; `make demo` runs it."""
