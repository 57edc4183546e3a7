"""Secrets that users leave in Glue: how they are recognised, and taken out."""

from tap_glue_metadata.redaction.redactor import OFF, REDACTED, Redactor, redact_text, redactor

__all__ = ["OFF", "REDACTED", "Redactor", "redact_text", "redactor"]
