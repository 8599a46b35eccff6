"""The twin of the library's Flamingo in PyTorch, on weights of the same names: for the time of a training step of a
pipeline, and of generation. Reads one request a line from its input, as JSON, and answers each with a line.

    {"open": {"config": {...}, "weights": FILE, "frozen": [names]}}  the language model's configuration, and safetensors
    {"open": {"config": {...}, "shapes": {name: shape}}}             the same with random weights -> {"torch", "blas"}
    {"batch": {"tensors": FILE, "groups": [{"names", "rate", "decay"}], "clip": 1}}
                                   images, ids, targets; how the weights learn -> {}
    {"loss": true}                 -> {"loss": nats}
    {"watch": true}                -> what PyTorch's hooks see of a forward and a backward pass: see `Flamingo.watch`
    {"time": 10}                   takes training steps -> {"milliseconds": [of each step]}
    {"generate": {"media": FILE or null, "ids": [...], "most": 64, "never": [...]}}
                                   greedily, with kept keys and values -> {"ids": [...], "milliseconds": of all}
"""
import json
import os
import struct
import sys
import time

import torch
from blas import blas
from torch.nn.functional import conv2d, cross_entropy, gelu, layer_norm, linear

torch.set_num_threads(int(os.environ.get("TOY_THREADS", "2")))
TYPES = {"F32": torch.float32, "I32": torch.int32}


def load(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            part = bytearray(data[8 + size + start : 8 + size + end])
            tensors[name] = torch.frombuffer(part, dtype=TYPES[entry["dtype"]]).view(entry["shape"])
    return tensors


def split(x, heads):
    return x.view(*x.shape[:-1], heads, -1).transpose(-2, -3)


class GatedAdd(torch.nn.Module):
    """What passes a gate is added to the residual stream."""

    def forward(self, x, update, gate):
        return x + update * gate.tanh()


# Modules, so that hooks can see what goes through them.
softmax, gated_add = torch.nn.Softmax(-1), GatedAdd()


def attend(q, k, v, heads, bias=None):
    """Multi-head attention over the last two axes; `bias` is added to the scores."""
    q, k, v = (split(x, heads) for x in (q, k, v))
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if bias is not None:
        scores = scores + bias
    return (softmax(scores) @ v).transpose(-2, -3).flatten(-2)


class Flamingo:
    def __init__(self, config, weights=None, shapes=None, frozen=()):
        self.c = config
        if weights:
            self.w = load(weights)
        else:
            torch.manual_seed(1)
            self.w = {name: self.random(name, shape) for name, shape in shapes.items()}
        self.trained = [name for name in self.w if name not in frozen]
        self.layers = range(sum(name.endswith(".attn.to_k.weight") for name in self.w))
        self.gates = [f"language.gated_cross_attn_layers.{i}" for i in self.layers]
        self.has_gate = [f"{name}.attn_gate" in self.w for name in self.gates]
        self.slopes = torch.tensor(self.slopes_of(config["alibi"], config["heads"])).view(-1, 1, 1)

    @staticmethod
    def slopes_of(alibi, heads):
        """ALiBi's slopes for a power of two of heads; or the studio's own, where half of the heads have none."""
        if alibi == "half":
            return [0.0 if h < heads // 2 else 2.0 ** (-2 * (heads - h - 1)) for h in range(heads)]
        return [2.0 ** (-8 * (h + 1) / heads) for h in range(heads)]

    @staticmethod
    def random(name, shape):
        if name.endswith("weight") and len(shape) == 1:
            return torch.ones(shape)
        return torch.zeros(shape) if name.endswith("bias") else torch.randn(shape) * 0.02

    def norm(self, x, name):
        return layer_norm(x, x.shape[-1:], self.w[f"{name}.weight"], self.w[f"{name}.bias"])

    def feed_forward(self, x, name):
        return linear(gelu(linear(self.norm(x, f"{name}.0"), self.w[f"{name}.1.weight"])), self.w[f"{name}.3.weight"])

    # The vision encoder and the resampler.

    def conv(self, x, name, stride=1):
        w = self.w[f"encoder.{name}.weight"]
        return conv2d(x, w, self.w[f"encoder.{name}.bias"], stride, (w.shape[-1] - stride) // 2)

    def norm_channels(self, x, name):
        return self.norm(x.permute(0, 2, 3, 1), f"encoder.{name}").permute(0, 3, 1, 2)

    def refine(self, x, name):
        y = gelu(self.norm_channels(self.conv(x, f"{name}.0"), f"{name}.1"))
        return x + self.conv(y, f"{name}.3")

    def encode(self, images):
        batch, media = images.shape[:2]
        x = images.flatten(0, 2).permute(0, 3, 1, 2)
        x = gelu(self.norm_channels(self.conv(x, "stage1.conv", 2), "stage1.norm"))
        x = gelu(self.norm_channels(self.refine(self.conv(x, "stage2.conv", 2), "stage2.refine"), "stage2.norm"))
        x = self.refine(self.conv(x, "stage3.conv", 2), "stage3.refine")
        x = linear(self.norm(x.flatten(2).transpose(1, 2), "encoder.norm"), self.w["encoder.project.weight"])
        if "encoder.project.bias" in self.w:
            x = x + self.w["encoder.project.bias"]
        return torch.cat([x, x.mean(1, True)], 1).view(batch, media, -1, x.shape[-1])

    def resample(self, features):
        heads = self.c["resamplerHeads"]
        x = self.w["resampler.latents"].expand(*features.shape[:2], -1, -1)
        for i in range(self.c["resamplerDepth"]):
            name = f"resampler.layers.{i}"
            queries = self.norm(x, f"{name}.0.norm_latents")
            seen = torch.cat([self.norm(features, f"{name}.0.norm_media"), queries], -2)
            k, v = linear(seen, self.w[f"{name}.0.to_kv.weight"]).chunk(2, -1)
            found = attend(linear(queries, self.w[f"{name}.0.to_q.weight"]), k, v, heads)
            x = x + linear(found, self.w[f"{name}.0.to_out.weight"])
            x = x + self.feed_forward(x, f"{name}.1")
        return self.norm(x, "resampler.norm")

    # The language model.

    def keys_of(self, media):
        """Keys and values of all images, a pair for each gated layer."""
        flat = media.flatten(1, 2)
        return [
            linear(flat, self.w[f"{name}.attn.to_kv.weight"]).chunk(2, -1) if there else None
            for name, there in zip(self.gates, self.has_gate)
        ]

    def seen_bias(self, ids, latents, before=0):
        """0 for the image just before a word, -inf for the others; and 0 where a word has none, 1 where it has one."""
        time = (ids == self.c["imageToken"]).cumsum(1) + before
        last = time.unsqueeze(-1) == torch.arange(1, self.images + 1)
        hidden = torch.zeros(last.shape).masked_fill(~last & (time > 0).unsqueeze(-1), float("-inf"))
        return hidden.repeat_interleave(latents, -1).unsqueeze(1), (time > 0).unsqueeze(-1).float(), time[:, -1:]

    def causal_bias(self, queries, keys):
        distance = torch.arange(keys - queries, keys).view(-1, 1) - torch.arange(keys)
        bias = torch.zeros(queries, keys).masked_fill(distance < 0, float("-inf"))
        return bias - self.slopes * distance if self.c["alibi"] else bias

    def language(self, ids, seen=None, seen_bias=None, cache=None):
        """Logits; `cache` holds a pair of keys and values for each layer, and gets those of these places too."""
        c, table = self.c, self.w["language.embed_tokens.weight"]
        if "language.embed_tokens.new_tokens" in self.w:
            table = self.table if cache is not None else self.join_table()
        start = cache[0][0].shape[1] if cache and cache[0] else 0
        x = table[ids]
        if "language.embed_positions" in self.w:
            x = x + self.w["language.embed_positions"][start : start + ids.shape[1]]
        # One place after all others sees every one: without ALiBi there is nothing to add.
        bias = None if ids.shape[1] == 1 and not c["alibi"] else self.causal_bias(ids.shape[1], start + ids.shape[1])
        for i in self.layers:
            if seen and self.has_gate[i]:
                name = self.gates[i]
                q = linear(self.norm(x, f"{name}.attn.norm"), self.w[f"{name}.attn.to_q.weight"])
                found = attend(q, *seen[i], c["gatedHeads"], seen_bias[0]) * seen_bias[1]
                found = linear(found, self.w[f"{name}.attn.to_out.weight"])
                x = gated_add(x, found, self.w[f"{name}.attn_gate"])
                x = gated_add(x, self.feed_forward(x, f"{name}.ff"), self.w[f"{name}.ff_gate"])
            name = f"language.layers.{i}"
            y = self.norm(x, f"{name}.attn.norm")
            q, k, v = (linear(y, self.w[f"{name}.attn.to_{part}.weight"]) for part in "qkv")
            if cache is not None:
                if cache[i]:
                    k, v = torch.cat([cache[i][0], k], 1), torch.cat([cache[i][1], v], 1)
                cache[i] = (k, v)
            x = x + linear(attend(q, k, v, c["heads"], bias), self.w[f"{name}.attn.to_out.weight"])
            x = x + self.feed_forward(x, f"{name}.ff")
        return linear(self.norm(x, "language.norm"), table)

    def join_table(self):
        return torch.cat([self.w["language.embed_tokens.weight"], self.w["language.embed_tokens.new_tokens"]])

    @torch.inference_mode()
    def generate(self, media, ids, most, never):
        media = load(media)["media"] if media else None
        start = time.perf_counter()
        said, cache, seen, bias, tags = [], [None for _ in self.layers], None, None, 0
        if media is not None:
            self.images, seen = media.shape[1], self.keys_of(media)
        if "language.embed_tokens.new_tokens" in self.w:
            self.table = self.join_table()
        ban = torch.zeros(self.c["vocabulary"] + self.c["newTokens"])
        ban[never] = float("-inf")
        ids = torch.tensor([ids])
        for _ in range(most):
            if media is not None:
                *bias, tags = self.seen_bias(ids, media.shape[2], tags)
            ids = (self.language(ids, seen, bias, cache)[:, -1] + ban).argmax(-1, True)
            said.append(ids.item())
        return {"ids": said, "milliseconds": (time.perf_counter() - start) * 1e3}

    # Training.

    def take(self, tensors, groups, clip):
        batch = load(tensors)
        self.pictures, self.ids, self.targets = batch["images"], batch["ids"].long(), batch["targets"].long()
        for name in self.trained:
            self.w[name].requires_grad_()
        parts = [
            {"params": [self.w[name] for name in group["names"]], "lr": group["rate"], "weight_decay": group["decay"]}
            for group in groups
        ]
        self.clip, self.optimizer = clip, torch.optim.AdamW(parts)

    def loss(self):
        with torch.no_grad():
            features = self.encode(self.pictures)
        media = self.resample(features)
        self.images = media.shape[1]
        *bias, _ = self.seen_bias(self.ids, media.shape[2])
        self.has_image = bias[1]
        logits = self.language(self.ids, self.keys_of(media), bias)
        return cross_entropy(logits.flatten(0, 1), self.targets.flatten())

    def watch(self):
        """Attention of the resampler's and the gated layers, the residual stream at each gate, and the gradients' norms."""
        attention, gated, gradients = [], [], {}
        handles = [
            softmax.register_forward_hook(lambda _, scores, weights: attention.append(weights.detach())),
            gated_add.register_forward_hook(lambda _, given, y: gated.append([x.detach() for x in (*given, y)])),
            *(
                self.w[name].register_hook(lambda gradient, name=name: gradients.update({name: gradient.norm().item()}))
                for name in self.trained
            ),
        ]
        self.loss().backward()
        for handle in handles:
            handle.remove()
        depth = self.c["resamplerDepth"]
        # After the resampler's, each gated layer's cross-attention comes before its decoder layer's self-attention.
        cross = [weights * self.has_image.unsqueeze(1) for weights in attention[depth::2]]
        norm = lambda x: x.pow(2).sum(-1).mean().sqrt().item()
        return {
            "resampler": [weights.flatten().tolist() for weights in attention[:depth]],
            "cross": [weights.flatten().tolist() for weights in cross],
            "entropy": [self.entropy_of(weights) for weights in cross],
            "stream": [
                {"before": norm(x), "added": norm(update * gate.tanh()), "after": norm(y)} for x, update, gate, y in gated
            ],
            "gates": [gate.tanh().item() for _, _, gate, _ in gated],
            "gradients": gradients,
        }

    @staticmethod
    def entropy_of(weights):
        """Of each head, in nats, the mean over the places that see an image."""
        entropy = torch.special.entr(weights).sum(-1)
        seen = weights.sum(-1) > 0
        return [(entropy[:, head][seen[:, head]]).mean().item() for head in range(weights.shape[1])]

    def step(self):
        start = time.perf_counter()
        self.optimizer.zero_grad()
        value = self.loss()
        value.backward()
        torch.nn.utils.clip_grad_norm_([self.w[name] for name in self.trained], self.clip)
        self.optimizer.step()
        value.item()
        return (time.perf_counter() - start) * 1e3


model = None
for line in sys.stdin:
    request = json.loads(line)
    if "open" in request:
        model = Flamingo(**request["open"])
        answer = {"torch": torch.__version__, "blas": blas()}
    elif "batch" in request:
        model.take(**request["batch"])
        answer = {}
    elif "loss" in request:
        answer = {"loss": model.loss().item()}
    elif "watch" in request:
        answer = model.watch()
    elif "time" in request:
        answer = {"milliseconds": [model.step() for _ in range(request["time"])]}
    else:
        answer = model.generate(**request["generate"])
    print(json.dumps(answer), flush=True)
