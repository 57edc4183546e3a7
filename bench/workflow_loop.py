"""Reads workflows one call after another: a page of names, then what the names stand for."""

import json

import boto3

glue = boto3.client("glue")
counts = {"workflows": 0}
names = glue.list_workflows()
while True:
    answer = glue.batch_get_workflows(Names=names["Workflows"], IncludeGraph=True)
    counts["workflows"] += len(answer["Workflows"])
    if "NextToken" not in names:
        break
    names = glue.list_workflows(NextToken=names["NextToken"])
print(json.dumps(counts))  # noqa: T201 - what the bench checks
