"""The twin of toy.ts in PyTorch. Reads one request a line from its input, as JSON, and answers each with a line.

    {"open": {"width": 128, "batch": 16, "numbers": "FILE"}}   builds the toy on these numbers -> {"torch": version}
                                                               ("sizes", "device" and "precision" may stand beside)
    {"loss": true}                                              -> {"loss": nats}
    {"time": 10}                                                takes training steps -> {"milliseconds": [of each step]}
    {"product": {"size": 4096, "precision": "float32"}}         -> {"card": name or null, "rate": operations a second}
"""
import json
import os
import sys
import time
from contextlib import nullcontext

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("TOY_THREADS", "2"))
import torch
from torch.nn.functional import cross_entropy, layer_norm

torch.set_num_threads(int(os.environ.get("TOY_THREADS", "2")))
SMALL = {"length": 32, "layers": 4, "heads": 4, "vocabulary": 512, "features": 64, "latents": 16, "resamplerLayers": 2}


class Toy:
    def __init__(self, width, batch, numbers, sizes=SMALL, device="cpu", precision="float32"):
        self.width, self.batch, self.sizes, self.device = width, batch, sizes, device
        self.depth, self.half = width // sizes["heads"], precision == "float16"
        self.scaler = torch.cuda.amp.GradScaler(enabled=self.half)
        self.data, self.position = open(numbers, "rb").read(), 0
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

    def take(self, dtype, *shape):
        count = torch.Size(shape).numel()
        flat = torch.frombuffer(bytearray(self.data[self.position : self.position + 4 * count]), dtype=dtype)
        self.position += 4 * count
        return flat.view(shape).to(self.device)

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
        value.item()
        return (time.perf_counter() - start) * 1e3


def product(size, precision):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    a, b = (torch.randn(size, size, device=device, dtype=getattr(torch, precision)) for _ in range(2))
    times = []
    for _ in range(9):
        start = time.perf_counter()
        (a @ b)[0, 0].item()
        times.append(time.perf_counter() - start)
    card = torch.cuda.get_device_name() if device == "cuda" else None
    return {"card": card, "rate": 2 * size**3 / sorted(times)[len(times) // 2]}


toy = None
for line in sys.stdin:
    request = json.loads(line)
    if "open" in request:
        toy = Toy(**request["open"])
        answer = {"torch": torch.__version__}
    elif "product" in request:
        answer = product(**request["product"])
    elif "loss" in request:
        answer = {"loss": toy.loss().item()}
    else:
        answer = {"milliseconds": [toy.step() for _ in range(request["time"])]}
    print(json.dumps(answer), flush=True)
