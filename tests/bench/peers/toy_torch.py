"""The twin of toy.ts in PyTorch. Reads one request a line from its input, as JSON, and answers each with a line.

    {"about": true}                                             -> {"torch", "cuda", "cudnn", "card"}: versions and the card's name, or null
    {"open": {"width": 128, "batch": 16, "numbers": "FILE"}}    builds the toy on these numbers -> {"torch", "blas"}: version, and what multiplies
                                                                ("sizes", "device" and "precision" may stand beside)
    {"loss": true}                                              -> {"loss": nats}
    {"time": 10}                                                takes training steps -> {"milliseconds": [of each step],
                                                                "losses": [before each step]}
    {"product": {"size": 4096, "precision": "float32", "transposeA": false, "transposeB": true, "queued": 10}}
                                                                -> {"milliseconds": [of so many products, waited for once]}
    {"copy": {"count": 67108864, "queued": 10}}                 the same of copies of so many float32 numbers
"""
import json
import os
import sys
import time
from contextlib import nullcontext

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("TOY_THREADS", "2"))
import torch
from blas import blas
from torch.nn.functional import cross_entropy, layer_norm

torch.set_num_threads(int(os.environ.get("TOY_THREADS", "2")))
torch.set_float32_matmul_precision("highest")  # single precision in full, not tf32
CUDA = torch.cuda.is_available()
SMALL = {"length": 32, "layers": 4, "heads": 4, "vocabulary": 512, "features": 64, "latents": 16, "resamplerLayers": 2}


class Toy:
    def __init__(self, width, batch, numbers, sizes=SMALL, device="cpu", precision="float32"):
        self.width, self.batch, self.sizes, self.device = width, batch, sizes, device
        self.depth, self.half = width // sizes["heads"], precision == "float16"
        self.scaler = scaler(self.half)
        with open(numbers, "rb") as file:
            self.data, self.position = bytearray(file.read()), 0
        self.parameters = []
        self.resampler = [self.layer() for _ in range(sizes["resamplerLayers"])]
        self.decoder = [self.layer() for _ in range(sizes["layers"])]
        self.fusion = [(self.layer(), self.weight(1), self.weight(1)) for _ in range(sizes["layers"])]
        self.latents, self.table = self.weight(sizes["latents"], width), self.weight(sizes["vocabulary"], width)
        self.vision = self.take(torch.float32, batch, sizes["features"], width)
        self.ids, self.targets = (self.take(torch.int32, batch, sizes["length"]).long() for _ in range(2))
        square = (sizes["length"], sizes["length"])
        self.hidden = torch.triu(torch.full(square, float("-inf"), device=device), 1)
        self.optimizer = torch.optim.Adam(self.parameters, lr=1e-3)
        del self.data

    def take(self, dtype, *shape):
        count = torch.Size(shape).numel()
        flat = torch.frombuffer(self.data, dtype=dtype, count=count, offset=self.position)
        self.position += 4 * count
        return flat.view(shape).to(self.device, copy=True)

    def weight(self, *shape):
        self.parameters.append(self.take(torch.float32, *shape).requires_grad_())
        return self.parameters[-1]

    def layer(self):
        w = self.width
        square = [self.weight(w, w) for _ in range(4)]
        return (*square, self.weight(w, 4 * w), self.weight(4 * w, w))

    def normal(self, x):
        return layer_norm(x, (self.width,))

    def attend(self, queries, seen, layer, hidden=None):
        def heads(x):
            return x.view(self.batch, -1, self.sizes["heads"], self.depth).transpose(1, 2)

        q, k, v, out = layer[:4]
        scores = heads(queries @ q) @ heads(seen @ k).transpose(-1, -2) * self.depth ** -0.5
        if hidden is not None:
            scores = scores + hidden
        found = scores.softmax(-1) @ heads(seen @ v)
        return found.transpose(1, 2).reshape(queries.shape) @ out

    def feed_forward(self, x, layer):
        up = self.normal(x) @ layer[4]
        return up * torch.sigmoid(1.702 * up) @ layer[5]

    def loss(self):
        media = self.latents.expand(self.batch, -1, self.width)
        for layer in self.resampler:
            media = media + self.attend(self.normal(media), torch.cat([self.vision, media], 1), layer)
            media = media + self.feed_forward(media, layer)
        x = self.table[self.ids]
        for (fusion, attention_gate, feed_forward_gate), layer in zip(self.fusion, self.decoder):
            x = x + self.attend(self.normal(x), media, fusion) * attention_gate.tanh()
            x = x + self.feed_forward(x, fusion) * feed_forward_gate.tanh()
            n = self.normal(x)
            x = x + self.attend(n, n, layer, self.hidden)
            x = x + self.feed_forward(x, layer)
        logits = self.normal(x) @ self.table.t()
        return cross_entropy(logits.view(-1, self.sizes["vocabulary"]), self.targets.view(-1))

    def step(self):
        start = time.perf_counter()
        self.optimizer.zero_grad()
        with torch.autocast(self.device, torch.float16) if self.half else nullcontext():
            value = self.loss()
        self.scaler.scale(value).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        value = value.item()  # waits for all that was queued
        return (time.perf_counter() - start) * 1e3, value


def scaler(half):
    """Scales the loss by 1024, as ours does. PyTorch 2.3 moved it."""
    made = getattr(torch.amp, "GradScaler", None)
    options = {"init_scale": 1024.0, "enabled": half}
    return made("cuda", **options) if made else torch.cuda.amp.GradScaler(**options)


def about():
    cudnn = torch.backends.cudnn.version() if CUDA else None
    card = torch.cuda.get_device_name() if CUDA else None
    return {"torch": torch.__version__, "cuda": torch.version.cuda, "cudnn": cudnn, "card": card}


operands = {}


def operand(name, shape, precision):
    """Numbers between -1 and 1, the same ones as long as the same are asked for."""
    if operands.get(name, (None, None))[0] != (shape, precision):
        device = "cuda" if CUDA else "cpu"
        operands[name] = ((shape, precision), torch.rand(shape, device=device).mul(2).sub(1).to(getattr(torch, precision)))
    return operands[name][1]


def queue(work, count):
    """Milliseconds of so many pieces of work that are queued before one number of the last is read."""
    start = time.perf_counter()
    for _ in range(count):
        last = work()
    last.flatten()[0].item()
    return {"milliseconds": [(time.perf_counter() - start) * 1e3]}


def product(size, precision, queued, transposeA=False, transposeB=False):
    a, b = (operand(name, (size, size), precision) for name in "ab")
    a, b = a.t() if transposeA else a, b.t() if transposeB else b
    return queue(lambda: a @ b, queued)


def copy(count, queued):
    return queue(operand("a", (count,), "float32").clone, queued)


toy = None
for line in sys.stdin:
    request = json.loads(line)
    if "open" in request:
        toy = Toy(**request["open"])
        answer = {"torch": torch.__version__, "blas": blas()}
    elif "about" in request:
        answer = about()
    elif "product" in request:
        answer = product(**request["product"])
    elif "copy" in request:
        answer = copy(**request["copy"])
    elif "loss" in request:
        answer = {"loss": toy.loss().item()}
    else:
        steps = [toy.step() for _ in range(request["time"])]
        answer = {"milliseconds": [each for each, _ in steps], "losses": [loss for _, loss in steps]}
    print(json.dumps(answer), flush=True)
