import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";

/** The C library's flag that keeps a library once loaded; Node names only its portable sisters. */
const RTLD_NODELETE = 0x1000;

/** Folders of Chromium and Chrome, which carry a Vulkan loader and SwiftShader, a GPU emulated on the CPU. */
const chromiumFolders = [
  ...(process.env.CHROME_PATH ? [dirname(process.env.CHROME_PATH)] : []),
  "/usr/lib/chromium",
  "/usr/lib/chromium-browser",
  "/usr/lib64/chromium-browser",
  "/opt/google/chrome",
];

function besideChromium(file: string): string[] {
  return chromiumFolders.map((folder) => join(folder, file)).filter((path) => existsSync(path));
}

let loader: { path: string | undefined } | undefined;

/** Where Vulkan's loader is: the system's by its bare name, or else the one that Chromium carries. */
export function findVulkanLoader(): string | undefined {
  // Asked again, the bare name would stand for whichever was loaded the first time.
  loader ??= { path: ["libvulkan.so.1", ...besideChromium("libvulkan.so.1")].find(loadLibrary) };
  return loader.path;
}

/**
 * Loads a shared library permanently, so that later requests by its bare name get this one. Dawn finds Chromium's
 * loader so, without a change to the system or to LD_LIBRARY_PATH.
 */
function loadLibrary(path: string): boolean {
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_LAZY | RTLD_NODELETE);
    return true;
  } catch (error) {
    // It is no module of Node's, of course; but that is said of a library only after it was loaded.
    return String(error).includes("did not self-register");
  }
}

/** The manifest that makes Vulkan use SwiftShader, where it is installed. */
export function findSwiftShader(): string | undefined {
  return besideChromium("vk_swiftshader_icd.json")[0];
}
