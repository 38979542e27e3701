"""Who has signed in, as a header that only the guard writes.

The guard looks at each request once, takes this header away from whatever a visitor sent, and adds its own. Routes find it on
their request, pages in the headers of their socket. So there is one place that decides who somebody is.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from labeler.app.sign_in.ways import Person

NAME = "earmark-person"


def written(person: Person) -> bytes:
    """The header's value: ASCII, whatever the name holds."""
    return base64.urlsafe_b64encode(json.dumps([person.identity, person.name]).encode())


def person_in(headers: Mapping[str, str]) -> Person | None:
    """Whom the guard named, if anybody."""
    value = headers.get(NAME)
    return None if not value else Person(*json.loads(base64.urlsafe_b64decode(value)))
