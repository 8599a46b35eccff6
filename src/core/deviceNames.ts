/** All devices, in the order in which `auto` tries them: from the fastest to the one that is always there. */
export const deviceNames = ["tensorflow", "webgpu", "wasm", "cpu"] as const;

export type DeviceName = (typeof deviceNames)[number];
