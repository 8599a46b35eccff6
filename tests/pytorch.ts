import { spawnSync } from "node:child_process";

const question = "import importlib.util as u, sys; sys.exit(not all(u.find_spec(name) for name in ('torch', 'numpy')))";

/**
 * A Python that has PyTorch and NumPy: the one that FLAMINGO_PYTHON names, or else the one on the path, or the system's.
 * Asks without loading PyTorch.
 */
export function findPytorch(): string | undefined {
  const named = process.env.FLAMINGO_PYTHON;
  const places = named ? [named] : ["python3", "/usr/bin/python3"];
  return places.find((python) => spawnSync(python, ["-c", question]).status === 0);
}
