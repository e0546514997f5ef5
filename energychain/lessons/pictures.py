"""Smaller pictures: a chart needs few colours, and a lesson should open fast."""

import base64
from io import BytesIO

COLOURS = 96


def smaller(picture: str) -> str:
    """A PNG in base64 with a palette instead of full colours, if that is smaller."""
    from PIL import Image, UnidentifiedImageError  # only whoever saves lessons needs it

    try:
        image = Image.open(BytesIO(base64.b64decode(picture)))
    except (ValueError, UnidentifiedImageError):
        return picture
    with image:
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image, mask=image.getchannel("A") if "A" in image.getbands() else None)
        saved = BytesIO()
        flat.quantize(COLOURS).save(saved, "PNG", optimize=True)
    found = base64.b64encode(saved.getvalue()).decode()
    return min(found, picture, key=len)
