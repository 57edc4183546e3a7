"""Lineage that Glue's own metadata declares: raw JSON in, edges out."""
