"""Secrets that users leave in Glue: how they are recognised, and taken out."""

from tap_glue_metadata.redaction.redactor import REDACTED, Redactor, redact_text, redactor

__all__ = ["REDACTED", "Redactor", "redact_text", "redactor"]
