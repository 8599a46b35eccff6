"""The twin of toy.ts in PyTorch. Reads one request a line from its input, as JSON, and answers each with a line.

    {"open": {"width": 128, "batch": 16, "numbers": "FILE"}}   builds the toy on these numbers -> {"torch": version}
    {"loss": true}                                              -> {"loss": nats}
    {"time": 10}                                                takes training steps -> {"milliseconds": [of each step]}
"""
import json
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("TOY_THREADS", "2"))
import torch
from torch.nn.functional import cross_entropy, layer_norm

torch.set_num_threads(int(os.environ.get("TOY_THREADS", "2")))
LENGTH, LAYERS, HEADS, VOCABULARY, FEATURES, LATENTS, RESAMPLER_LAYERS = 32, 4, 4, 512, 64, 16, 2


class Toy:
    def __init__(self, width, batch, numbers):
        self.width, self.batch = width, batch
        self.data, self.position = open(numbers, "rb").read(), 0
        self.parameters = []
        self.resampler = [self.layer() for _ in range(RESAMPLER_LAYERS)]
        self.decoder = [self.layer() for _ in range(LAYERS)]
        self.fusion = [(self.layer(), self.weight(1), self.weight(1)) for _ in range(LAYERS)]
        self.latents, self.table = self.weight(LATENTS, width), self.weight(VOCABULARY, width)
        self.vision = self.take(torch.float32, batch, FEATURES, width)
        self.ids, self.targets = (self.take(torch.int32, batch, LENGTH).long() for _ in range(2))
        self.hidden = torch.triu(torch.full((LENGTH, LENGTH), float("-inf")), 1)
        self.optimizer = torch.optim.Adam(self.parameters, lr=1e-3)

    def take(self, dtype, *shape):
        count = torch.Size(shape).numel()
        flat = torch.frombuffer(bytearray(self.data[self.position : self.position + 4 * count]), dtype=dtype)
        self.position += 4 * count
        return flat.view(shape)

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
            return x.view(self.batch, -1, HEADS, self.width // HEADS).transpose(1, 2)

        q, k, v, out = layer[:4]
        scores = heads(queries @ q) @ heads(seen @ k).transpose(-1, -2) * (self.width // HEADS) ** -0.5
        if hidden is not None:
            scores = scores + hidden
        found = scores.softmax(-1) @ heads(seen @ v)
        return found.transpose(1, 2).reshape(queries.shape) @ out

    def feed_forward(self, x, layer):
        up = self.normal(x) @ layer[4]
        return up * torch.sigmoid(1.702 * up) @ layer[5]

    def loss(self):
        media = self.latents.expand(self.batch, LATENTS, self.width)
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
        return cross_entropy(logits.view(-1, VOCABULARY), self.targets.view(-1))

    def step(self):
        start = time.perf_counter()
        self.optimizer.zero_grad()
        value = self.loss()
        value.backward()
        self.optimizer.step()
        value.item()
        return (time.perf_counter() - start) * 1e3


toy = None
for line in sys.stdin:
    request = json.loads(line)
    if "open" in request:
        toy = Toy(**request["open"])
        answer = {"torch": torch.__version__}
    elif "loss" in request:
        answer = {"loss": toy.loss().item()}
    else:
        answer = {"milliseconds": [toy.step() for _ in range(request["time"])]}
    print(json.dumps(answer), flush=True)
