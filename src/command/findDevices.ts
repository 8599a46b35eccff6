import { deviceNames } from "../core/deviceNames.ts";
import { reportOf } from "../core/errors.ts";
import type { CommandContext } from "./command.ts";

/** Every device with what it is, or why it is not there and what would bring it; and first what `auto` takes. */
export async function findDevices(context: CommandContext): Promise<[name: string, found: string][]> {
  const { openDevice } = await context.execution();
  const found: [string, string][] = [];
  for (const name of ["auto", ...deviceNames]) {
    try {
      const device = await openDevice(name);
      found.push([name, name === "auto" ? `${device.name}: ${device.reason}` : `works: ${device.description}`]);
    } catch (error) {
      const { message, fix } = reportOf(error);
      found.push([name, `${message}${fix ? ` (${fix})` : ""}`]);
    }
  }
  return found;
}
