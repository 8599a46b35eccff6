import { fileURLToPath } from "node:url";
import type { StudioInfo } from "../../editor/shared/protocol.ts";
import { forkModule } from "../package/forkModule.ts";

/**
 * Asks a process of its own which device `auto` chooses, so that the server itself never holds one. The answer comes
 * in a second or two; should the process fail, the answer says so.
 */
export function probeDevice(): Promise<StudioInfo["device"]> {
  return new Promise((resolve) => {
    const module = fileURLToPath(new URL("./probeProcess.ts", import.meta.url));
    const child = forkModule(module, { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    const fail = () =>
      resolve({ name: "none", reason: "no device could be tried", description: "see flamingo doctor" });
    child.once("message", (device: StudioInfo["device"]) => resolve(device));
    child.once("error", fail);
    child.once("exit", fail);
    child.unref();
  });
}
