"""Statements: their shape, their canonical form, what makes two of them the same, and how a body is kept.

An answer's statement is made here from what `learning` knows; the actor is filled in when it is recorded, so that
nobody above needs a pupil's pseudonym.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import zstandard
from django.conf import settings
from django.utils import timezone

from yincai.core.action import ActionError

Body = dict[str, Any]
XAPI = "1.0.3"
ANSWERED, CORRECTED, SCORED, VOIDED = "answered", "corrected", "scored", "voided"
ATTRIBUTED, WORKED = "attributed", "worked"
VERBS = {
    ANSWERED: ("http://adlnet.gov/expapi/verbs/answered", "作答"),
    CORRECTED: ("https://w3id.org/yincai/verbs/corrected", "更正"),
    SCORED: ("http://adlnet.gov/expapi/verbs/scored", "得分"),
    VOIDED: ("http://adlnet.gov/expapi/verbs/voided", "作废"),
    ATTRIBUTED: ("https://w3id.org/yincai/verbs/attributed", "归因"),
    WORKED: ("https://w3id.org/yincai/verbs/worked", "写步骤"),
}
SPACE = "https://w3id.org/yincai/"  # names of extensions; never asked for over the network
LONGEST_RESPONSE = 200  # characters: longer texts are free text and not kept in statements
MEASURED = ("attempt", "hints", "place")  # extensions that the server counts


class MalformedStatement(ActionError):
    """Names the first thing that is not as xAPI wants it."""


def answered(
    *,
    id: UUID,
    subject: str,
    item: int,
    version: int,
    seed: int | None,
    typed: str,
    score: float,
    success: bool,
    at: datetime,
    duration_ms: int,
    attempt: int = 1,
    hints: int = 0,
    practice: UUID | None = None,
    cause: str = "",
    source: str = "practice",
) -> Body:
    """The statement of an answer. `typed`: the option letters or the short expression as the pupil gave it."""
    result: Body = {
        "score": {"scaled": score},
        "success": success,
        "completion": True,
        "response": typed,
        "duration": f"PT{duration_ms / 1000:.2f}S",
    }
    if cause:
        result["extensions"] = {SPACE + "cause": cause}
    context: Body = {
        "platform": "Yincai",
        "language": "zh-CN",
        "extensions": {SPACE + "attempt": attempt, SPACE + "hints": hints, SPACE + "source": source},
    }
    if practice:
        context["registration"] = str(practice)
    return {
        "id": str(id),
        "verb": verb(ANSWERED),
        "object": item_activity(subject, item, version, seed),
        "result": result,
        "context": context,
        "timestamp": stamp(at),
        "version": XAPI,
    }


def attributed(*, id: UUID, answer: UUID, cause: str, said: str, at: datetime) -> Body:
    """The statement that a teacher confirmed or corrected the cause of a wrong answer. `said`: what had been named."""
    return {
        "id": str(id),
        "verb": verb(ATTRIBUTED),
        "object": reference(answer),
        "result": {"extensions": {SPACE + "cause": cause, SPACE + "said": said}},
        "context": {"platform": "Yincai", "language": "zh-CN"},
        "timestamp": stamp(at),
        "version": XAPI,
    }


def worked(*, id: UUID, answer: UUID, lines: Sequence[str], at: datetime) -> Body:
    """The statement that a pupil wrote out the steps behind an answer: lines of mathematics, as they were read."""
    return {
        "id": str(id),
        "verb": verb(WORKED),
        "object": reference(answer),
        "result": {"extensions": {SPACE + "lines": list(lines)}},
        "context": {"platform": "Yincai", "language": "zh-CN"},
        "timestamp": stamp(at),
        "version": XAPI,
    }


def verb(name: str) -> Body:
    iri, word = VERBS[name]
    return {"id": iri, "display": {"zh-CN": word}}


def item_activity(subject: str, item: int, version: int, seed: int | None) -> Body:
    variant: Body = {SPACE + "version": version}
    if seed is not None:
        variant[SPACE + "seed"] = seed
    return {
        "objectType": "Activity",
        "id": f"{home_page()}/items/{subject}/{item}",
        "definition": {"type": "http://adlnet.gov/expapi/activities/cmi.interaction", "extensions": variant},
    }


def test_activity(subject: str, test: str) -> Body:
    return {
        "objectType": "Activity",
        "id": f"{home_page()}/tests/{subject}/{test}",
        "definition": {"type": "http://adlnet.gov/expapi/activities/assessment"},
    }


def reference(statement_id: UUID) -> Body:
    return {"objectType": "StatementRef", "id": str(statement_id)}


def actor(pseudonym: UUID) -> Body:
    return {"objectType": "Agent", "account": {"homePage": home_page(), "name": str(pseudonym)}}


def home_page() -> str:
    """The installation, as statements name it."""
    return str(settings.HOME_PAGE)


def stamp(at: datetime) -> str:
    return at.astimezone(timezone.get_default_timezone()).isoformat(timespec="milliseconds")


def check(statement: Mapping[str, Any]) -> UUID:
    """Refuse what is no statement of ours; returns its id."""
    try:
        found = UUID(str(statement["id"]))
        verb_id, object_id = statement["verb"]["id"], statement["object"]["id"]
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedStatement(f"学习记录缺少必需的部分：{error}。") from error
    refers = statement["object"].get("objectType") == "StatementRef"  # its id is another statement's, no IRI
    for name, iri in (("verb.id", verb_id), *(() if refers else (("object.id", object_id),))):
        if not isinstance(iri, str) or ":" not in iri:
            raise MalformedStatement(f"学习记录的 {name} 应为 IRI，却是 {iri!r}。")
    result = statement.get("result", {})
    if len(str(result.get("response", ""))) > LONGEST_RESPONSE:
        raise MalformedStatement(f"回答超过 {LONGEST_RESPONSE} 个字，不作为短答保存。")
    scaled = result.get("score", {}).get("scaled")
    if scaled is not None and not -1 <= scaled <= 1:
        raise MalformedStatement(f"得分比例 {scaled} 不在 -1 与 1 之间。")
    return found


def verb_name(statement: Mapping[str, Any]) -> str:
    """The last word of the verb's IRI, for the column."""
    return str(statement["verb"]["id"]).rstrip("/").rpartition("/")[2][:20]


def canonical(statement: Mapping[str, Any]) -> bytes:
    """One text for one content: keys sorted, no white space, UTF-8."""
    return json.dumps(statement, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest(statement: Mapping[str, Any]) -> bytes:
    return sha256(canonical(identity(statement))).digest()


def identity(statement: Mapping[str, Any]) -> Body:
    """What the sender said, without what the server measured: the same form sent twice is the same statement."""
    said = {name: value for name, value in statement.items() if name not in ("timestamp", "stored", "authority")}
    if "result" in said:
        said["result"] = {name: value for name, value in said["result"].items() if name != "duration"}
    extensions = said.get("context", {}).get("extensions")
    if extensions:
        kept = {name: value for name, value in extensions.items() if name.removeprefix(SPACE) not in MEASURED}
        said["context"] = {**said["context"], "extensions": kept}
    return said


# Bodies resemble each other, so a dictionary makes them small. A body names the dictionary it was packed with in its
# first byte; a text below is therefore never changed, a better one gets the next number.
SAMPLES = {
    1: (
        '{"actor":{"account":{"homePage":"https://yincai.invalid","name":"0197"},"objectType":"Agent"},'
        '"context":{"extensions":{"https://w3id.org/yincai/attempt":1,"https://w3id.org/yincai/hints":0,'
        '"https://w3id.org/yincai/place":"00010001000100010001","https://w3id.org/yincai/source":"practice"},'
        '"language":"zh-CN","platform":"Yincai","registration":"0197"},"id":"0197",'
        '"object":{"definition":{"extensions":{"https://w3id.org/yincai/seed":1,"https://w3id.org/yincai/version":1},'
        '"type":"http://adlnet.gov/expapi/activities/cmi.interaction"},"id":"https://yincai.invalid/items/math/1",'
        '"objectType":"Activity"},"result":{"completion":true,"duration":"PT12.00S",'
        '"extensions":{"https://w3id.org/yincai/cause":""},"response":"A","score":{"scaled":0.0},"success":false,'
        '"score":{"scaled":1.0},"success":true},"stored":"2026-09-01T08:00:00.000+08:00",'
        '"timestamp":"2026-09-01T08:00:00.000+08:00",'
        '"verb":{"display":{"zh-CN":"作答"},"id":"http://adlnet.gov/expapi/verbs/answered"},"version":"1.0.3"}'
    )
}
NEWEST = 1


@lru_cache(maxsize=4)
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(SAMPLES[number].encode(), dict_type=zstandard.DICT_TYPE_RAWCONTENT)


class _Tools(threading.local):
    """Compressors are costly to make and belong to one thread."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=3, dict_data=_dictionary(NEWEST))
        self.decompressors = {number: zstandard.ZstdDecompressor(dict_data=_dictionary(number)) for number in SAMPLES}


@lru_cache(maxsize=1)
def _tools() -> _Tools:
    return _Tools()


def pack(statement: Mapping[str, Any]) -> bytes:
    return bytes([NEWEST]) + _tools().compressor.compress(canonical(statement))


def unpack(body: bytes | memoryview) -> Body:
    packed = bytes(body)
    return dict(json.loads(_tools().decompressors[packed[0]].decompress(packed[1:])))


def placed(statement: Mapping[str, Any], who: UUID, place: str, stored: datetime) -> Body:
    """The statement as it is stored: with its actor, its place and the moment."""
    given = statement.get("actor", actor(who))
    if given != actor(who):
        raise MalformedStatement("学习记录里的行为人与作答的学生不是同一人。")
    context = dict(statement.get("context", {}))
    context["extensions"] = {**context.get("extensions", {}), SPACE + "place": place}
    return {**statement, "actor": given, "context": context, "stored": stamp(stored)}
