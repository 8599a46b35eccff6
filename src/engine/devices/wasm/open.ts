import { setCapabilities } from "../capabilities.ts";
import type { Opened } from "../opened.ts";
import { openWasm } from "./backend.ts";

/** WebAssembly counts its bytes in 32 bits. */
const addressable = 2 ** 32;

/** Makes `wasm` the current device. @throws FlamingoError DEVICE_UNAVAILABLE if WebAssembly cannot run here */
export async function openWasmDevice({ threads }: { threads?: number }): Promise<Opened> {
  const wasm = await openWasm(threads === undefined ? {} : { threads });
  const capabilities = { readsAtOnce: true, rowsKeepBits: true, addressable };
  setCapabilities("wasm", capabilities);
  return {
    description: `WebAssembly: ${wasm.note}`,
    software: false,
    threads: wasm.threads,
    memory: Math.min(addressable, process.availableMemory()),
    ...capabilities,
  };
}
