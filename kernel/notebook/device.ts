import { keepOperationsWhole } from "../../src/engine/autodiff/interruption.ts";
import {
  type Device,
  type DeviceName,
  type DeviceOptions,
  openDevice as open,
} from "../../src/engine/devices/device.ts";
import { currentCell } from "../cell/cell.ts";
import { shielded, shieldedUntil } from "../cell/shield.ts";

keepOperationsWhole(shielded);

let opened: Promise<Device> | undefined;

/**
 * Opens a device and makes it the one on which every tensor operation of this notebook runs.
 * @throws FlamingoError DEVICE_UNAVAILABLE
 */
export async function openDevice(name: DeviceName | "auto" = "auto", options: DeviceOptions = {}): Promise<Device> {
  const opening = shieldedUntil(open(name, options));
  const device = await opening;
  opened = opening;
  return device;
}

/** The notebook's device. It is opened at the first use, and a line below the cell names it. */
export async function notebookDevice(): Promise<Device> {
  opened ??= shieldedUntil(open("auto")).then(
    (device) => {
      currentCell()?.print("stdout", `computing on ${device.name}: ${device.description}\n`);
      return device;
    },
    (error: unknown) => {
      opened = undefined;
      throw error;
    },
  );
  return opened;
}
