"""What anyone would write first: boto3's paginators list databases and tables, and count them."""

import json

import boto3

glue = boto3.client("glue")
counts = {"databases": 0, "tables": 0}
for databases in glue.get_paginator("get_databases").paginate():
    for database in databases["DatabaseList"]:
        counts["databases"] += 1
        for tables in glue.get_paginator("get_tables").paginate(DatabaseName=database["Name"]):
            counts["tables"] += len(tables["TableList"])
print(json.dumps(counts))  # noqa: T201 - what the bench checks
