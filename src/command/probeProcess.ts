import { openDevice } from "../engine/devices/device.ts";

const { name, reason, description } = await openDevice("auto");
process.send?.({ name, reason, description }, () => process.exit(0));
