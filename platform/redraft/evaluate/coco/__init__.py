"""COCO-format annotations: what is in an image by its boxes, and what people said of it."""

from redraft.evaluate.coco.images import CocoData, CocoImage
from redraft.evaluate.coco.names import image_key
from redraft.evaluate.coco.reading import read_coco

__all__ = ["CocoData", "CocoImage", "image_key", "read_coco"]
