"""Singer tap that reads the metadata of AWS Glue."""
