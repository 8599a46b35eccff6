import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { installKernel, kernelspecFolder } from "../../kernel/install.ts";
import { optional } from "../optional.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

/** Debian's own Python has Debian's Jupyter; another one in front of it on the path may not. */
const pythons = ["/usr/bin/python3", "python3"];

/** The Python that has a part of Jupyter, such as `nbconvert` or `notebook`; the output says so if none has. */
export function findJupyter(part: string, fix = "install Debian's package"): string | undefined {
  const found = pythons.find((python) => spawnSync(python, ["-c", `import ${part}`], { stdio: "ignore" }).status === 0);
  optional(`tests with Jupyter's ${part}`, found !== undefined, `no python3 has it (${fix})`);
  return found;
}

/** An environment in which Jupyter finds our kernel and nothing of whoever runs the tests. */
export async function jupyterEnvironment(home: string): Promise<NodeJS.ProcessEnv> {
  const folder = temporaryFolder();
  const data = join(folder, "data");
  await installKernel(kernelspecFolder(undefined, { JUPYTER_DATA_DIR: data }));
  return {
    ...process.env,
    FLAMINGO_HOME: home,
    HOME: folder,
    JUPYTER_DATA_DIR: data,
    JUPYTER_CONFIG_DIR: join(folder, "config"),
    JUPYTER_RUNTIME_DIR: join(folder, "runtime"),
    IPYTHONDIR: join(folder, "ipython"),
  };
}
