"""Colours as people with another colour vision see them, and how far apart they look."""

MACHADO = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""Machado, Oliveira and Fernandes (2009), severity 1.0, for linear RGB."""


def linear(colour: str) -> list[float]:
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]


def seen(colour: str, vision: str) -> list[float]:
    """CIE Lab (D65) of a colour under a vision."""
    rgb = linear(colour)
    red, green, blue = (
        min(max(sum(m * c for m, c in zip(row, rgb, strict=True)), 0.0), 1.0)
        for row in MACHADO[vision]
    )
    xyz = (
        (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047,
        0.2126729 * red + 0.7151522 * green + 0.0721750 * blue,
        (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883,
    )
    x, y, z = (t ** (1 / 3) if t > 216 / 24389 else (841 / 108) * t + 4 / 29 for t in xyz)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


def distance(one: str, other: str, vision: str) -> float:
    """How far apart two colours look (CIE 1976; 2.3 can just be told apart)."""
    pairs = zip(seen(one, vision), seen(other, vision), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


NAMED = {"white": "#ffffff", "black": "#000000"}


def _long(colour: str) -> str:
    named = NAMED.get(colour, colour)
    return "#" + "".join(2 * digit for digit in named[1:]) if len(named) == 4 else named


def mixed(colour: str, share: float = 1.0, ground: str = "#ffffff") -> str:
    """What is seen of a colour that covers this share of a ground."""
    over, under = _long(colour), _long(ground)
    pairs = [(int(over[i : i + 2], 16), int(under[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(b + (a - b) * share):02x}" for a, b in pairs)


def contrast(one: str, other: str = "#ffffff") -> float:
    """From 1 to 21, as WCAG 2.2 reckons it."""
    light = [
        0.2126 * red + 0.7152 * green + 0.0722 * blue
        for red, green, blue in (linear(mixed(one)), linear(mixed(other)))
    ]
    return (max(light) + 0.05) / (min(light) + 0.05)
