"""Opens a folder of transformers and says the first token after a prompt, then tells how long it took and how much memory."""

import json
import os
import resource
import sys
import time

import torch
from transformers import AutoModelForCausalLM

folder = sys.argv[1]
torch.set_num_threads(int(os.environ.get("TOY_THREADS", "2")))
prompt = torch.tensor([[2, 100, 200, 300]])
before = time.perf_counter()
model = AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32)
opened = time.perf_counter()
with torch.no_grad():
    token = int(model(prompt).logits[0, -1].argmax())
after = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"open": (opened - before) * 1000, "token": (after - opened) * 1000, "said": token, "peak": peak}))
