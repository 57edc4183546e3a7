"""The identity of a permission in Lake Formation, which AWS gives none."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DERIVED: Final[dict[str, dict[str, Any]]] = {
    "permission_id": {
        "type": "string",
        "description": "Hash of principal, resource and condition, which tell one from another.",
    },
}

_IDENTITY: Final = ("Principal", "Resource", "Condition", "AdditionalDetails")


def derive(permission: Mapping[str, Any]) -> dict[str, Any]:
    """Return the derived field of a permission.

    Args:
        permission: Lake Formation's `PrincipalResourcePermissions`.
    """
    parts = [permission.get(name) for name in _IDENTITY]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return {"permission_id": hashlib.sha256(text.encode()).hexdigest()[:32]}
