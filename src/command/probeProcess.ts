import { openDevice } from "../engine/device.ts";

const { name, reason, description } = await openDevice("auto");
process.send?.({ name, reason, description }, () => process.exit(0));
