"""How a JSON body is read: as DRF does, in UTF-8, and nothing that is no Unicode."""

import json
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class Parser(JSONParser):
    """Refuses half of a surrogate pair, which JSON can write and no text can hold."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        context = {**(parser_context or {}), "encoding": "utf-8"}
        data = super().parse(stream, media_type, context)
        try:
            json.dumps(data, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ParseError("holds half of a surrogate pair.") from None
        return data


class PlainParser(Parser):
    """Refuses NUL too, for views without serializers, which refuse it field by field."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        data = super().parse(stream, media_type, parser_context)
        if _has_nul(data):
            raise ParseError("holds a NUL.")
        return data


def _has_nul(data: Any) -> bool:
    match data:
        case str():
            return "\0" in data
        case list():
            return any(_has_nul(item) for item in data)
        case dict():
            return any("\0" in name or _has_nul(item) for name, item in data.items())
    return False
