import { expect, test } from "vitest";
import { buildKernels } from "../../src/engine/devices/wasm/build.ts";
import { hasFusedMultiplyAdd } from "../../src/engine/devices/wasm/fusedMultiplyAdd.ts";

/** Kinds of the sections of a WebAssembly module, by number. */
function sectionsOf(bytes: Uint8Array): number[] {
  const sections: number[] = [];
  let at = 8;
  const size = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    sections.push(bytes[at++]!);
    const length = size();
    at += length;
  }
  return sections;
}

const dataSection = 11;

test.each([true, false])(
  "the kernels own no memory: what they would put at a fixed place would overwrite tensors (fused: %s)",
  async (fused) => {
    if (fused && !hasFusedMultiplyAdd()) return;
    const { bytes } = await buildKernels(fused);
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(sectionsOf(bytes)).not.toContain(dataSection);
  },
);

test("they are compiled once for the same sources", async () => {
  await buildKernels(false);
  expect((await buildKernels(false)).built).toBe(false);
});
