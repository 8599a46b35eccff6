import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { isMissing, type Missing } from "../opened.ts";
import { findSwiftShader, findVulkanLoader } from "./vulkan.ts";

/** What a WebGPU adapter reports about itself. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter: boolean;
}

export interface Adapter {
  readonly info: AdapterInfo;
  /** The Vulkan driver manifest that brings this adapter, where it is not among the system's own. */
  readonly manifest?: string;
}

const softwareFix = "use a machine with a GPU, or set FLAMINGO_SOFTWARE_GPU=1 to try WebGPU without one";
const driverFix =
  "install your GPU's Vulkan driver (without a GPU, Debian's chromium brings an emulated one for tests)";

/** Whether an adapter emulates a GPU on the CPU. Such a one is for tests: `wasm` is many times as fast. */
export function isSoftware(info: AdapterInfo): boolean {
  const names = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|softpipe|basic.render|\bwarp\b|software/i.test(names);
}

const searches = new Map<boolean, Promise<Adapter | Missing>>();

/**
 * Searches for a GPU, once per process. A driver may crash the process that loads it, so a child process tries first.
 *
 * @param allowSoftware whether one that is emulated on the CPU will do, where there is no other
 */
export function findAdapter(allowSoftware: boolean): Promise<Adapter | Missing> {
  const search = searches.get(allowSoftware) ?? searchAdapter(allowSoftware);
  searches.set(allowSoftware, search);
  return search;
}

async function searchAdapter(allowSoftware: boolean): Promise<Adapter | Missing> {
  if (process.platform === "linux" && !findVulkanLoader()) return { missing: "no Vulkan driver", fix: driverFix };
  const first = await probe();
  if (!isMissing(first) && (allowSoftware || !isSoftware(first.info))) return first;
  const swiftShader = allowSoftware ? findSwiftShader() : undefined;
  if (swiftShader) return probe(swiftShader);
  if (isMissing(first)) return first;
  return { missing: `${adapterName(first.info)} is a GPU emulated on the CPU`, fix: softwareFix };
}

/** Run by the child: prints the adapter that Dawn finds, as JSON. */
const probeScript = `
const [webgpu, loader] = process.argv.slice(1);
try { if (loader) process.dlopen({ exports: {} }, loader, 0x1001); } catch {}
import(webgpu).then(async ({ create }) => {
  const adapter = await create([]).requestAdapter({ powerPreference: "high-performance" });
  const pick = ({ vendor, architecture, device, description, isFallbackAdapter }) =>
    ({ vendor, architecture, device, description, isFallbackAdapter });
  process.stdout.write(JSON.stringify(adapter ? pick(adapter.info) : null), () => process.exit(0));
});`;

async function probe(manifest?: string): Promise<Adapter | Missing> {
  const webgpu = pathToFileURL(createRequire(import.meta.url).resolve("webgpu")).href;
  const loader = process.platform === "linux" ? findVulkanLoader() : undefined;
  const env = manifest ? { ...process.env, VK_ICD_FILENAMES: manifest } : process.env;
  const child = promisify(execFile)(process.execPath, ["-e", probeScript, webgpu, loader ?? ""], {
    env,
    timeout: 30_000,
  });
  try {
    const info = JSON.parse((await child).stdout) as AdapterInfo | null;
    if (!info) return { missing: "Dawn finds no GPU", fix: driverFix };
    return manifest ? { info, manifest } : { info };
  } catch (error) {
    const { signal, stderr } = error as { signal?: string; stderr?: string };
    const how = signal ? `it ended by ${signal}` : (stderr?.trim().split("\n").at(-1) ?? String(error));
    return { missing: `looking for a GPU failed: ${how}`, fix: "update your GPU's driver" };
  }
}

/** The adapter's name for people: the chip, then the driver. */
export function adapterName({ vendor, architecture, device, description }: AdapterInfo): string {
  return [device || `${vendor} ${architecture}`, description].filter((name) => name.trim()).join(", ") || "unnamed GPU";
}
