"""Pages of the item bank."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from yincai.core import files
from yincai.core.models import StoredFile
from yincai.core.permissions import SIGNED_IN, requires


@requires(SIGNED_IN)
def image(request: HttpRequest, file: UUID) -> HttpResponse:
    """A picture of an item, for whoever stands where the item is shown."""
    row = get_object_or_404(StoredFile.objects.filter(personal=False, media_type__in=files.IMAGES.types), pk=file)
    response = HttpResponse(files.read_file(row), content_type=row.media_type)
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response
