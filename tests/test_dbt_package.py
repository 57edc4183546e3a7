"""The dbt package repeats the declarations, and describes and tests all that it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import generate_dbt
import yaml

DBT: Final = Path(__file__).parent.parent / "dbt"


def described(folder: Path, kind: str) -> dict[str, Any]:
    return {
        entry["name"]: entry
        for path in folder.rglob("*.yml")
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))[kind]
    }


def test_the_models_of_current_rows_are_those_that_are_generated() -> None:
    files = generate_dbt.files()
    written = {path for path in generate_dbt.FOLDER.rglob("*") if path.is_file()}
    assert written == set(files), "run `make docs`, or delete what is no longer generated"
    assert {path: path.read_text(encoding="utf-8") for path in files} == files, "run `make docs`"


def test_all_is_described() -> None:
    models = described(DBT / "models", "models")
    snapshots = described(DBT / "snapshots", "snapshots")
    assert set(models) == {path.stem for path in (DBT / "models").rglob("*.sql")}
    assert set(snapshots) == {path.stem for path in (DBT / "snapshots").rglob("*.sql")}
    for entry in (models | snapshots).values():
        assert entry["description"]
        assert all(column["description"] for column in entry.get("columns", ()))


def test_each_mart_has_a_key() -> None:
    marts = described(DBT / "models" / "marts", "models")
    assert [
        name for name, mart in marts.items() if "primary_key" not in mart["data_tests"][0]
    ] == []
