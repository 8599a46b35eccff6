"""
Reads pairs of WebDataset shards as PyTorch does it: webdataset behind a DataLoader with two workers. Answers requests, a JSON line each:
{"open": {"shards", "size", "batch", "workers"}} with the versions, {"epoch": true} with its images and seconds.
"""

import io
import json
import sys
import time

import numpy
import PIL
import torch
import webdataset
from PIL import Image

options = {}


def pixels(image):
    """A square in -1 to 1; JPEG files are read at a lower resolution first, where that is enough."""
    size = options["size"]
    image.draft("RGB", (size, size))
    image = image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    return torch.from_numpy(numpy.asarray(image).copy()).float().div_(127.5).sub_(1)


def opened(data):
    return Image.open(io.BytesIO(data))


def loader():
    dataset = webdataset.WebDataset(options["shards"], shardshuffle=2, seed=1).shuffle(1000)
    dataset = dataset.to_tuple("jpg", "txt").map_tuple(lambda data: pixels(opened(data)), lambda data: data.decode())
    dataset = dataset.batched(options["batch"], partial=True)
    return torch.utils.data.DataLoader(
        dataset, batch_size=None, num_workers=options["workers"], persistent_workers=True, multiprocessing_context="fork"
    )


batches = None
for line in sys.stdin:
    request = json.loads(line)
    if "open" in request:
        options.update(request["open"])
        torch.set_num_threads(1)
        batches = loader()
        versions = f"webdataset {webdataset.__version__}, PyTorch {torch.__version__}, Pillow {PIL.__version__}"
        answer = {"versions": versions}
    else:
        start = time.perf_counter()
        images = sum(len(texts) for _, texts in batches)
        answer = {"images": images, "seconds": time.perf_counter() - start}
    print(json.dumps(answer), flush=True)
