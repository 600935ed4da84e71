"""How an image was made, as far as it was seen."""

from __future__ import annotations

from shakeout.evidence.build_context import Image
from shakeout.evidence.image import Images, Made, ObservedImage
from shakeout.evidence.platform import Platform


def observed_of(image: Image | None, images: Images | None) -> ObservedImage | None:
    """The image as it was seen, where it was built from that Dockerfile."""
    if image is None or images is None or image.dockerfile is None:
        return None
    return next(iter(images.built_from(image.dockerfile.path)), None)


def how_made(image: Image | None, images: Images | None, platform: Platform | None = None) -> Made:
    """By which builder, and whether of an upload: from the image's record, else from the failure of its build."""
    observed = observed_of(image, images)
    if observed is not None:
        return observed.made
    if image is None or image.dockerfile is None or platform is None:
        return Made()
    for item in platform:
        if item.facts.get("dockerfile") == image.dockerfile.path and item.facts.get("builder"):
            return Made(builder=str(item.facts["builder"]), uploaded=bool(item.facts.get("uploaded by")))
    return Made()
