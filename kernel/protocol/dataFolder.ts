import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Jupyter's data folder of this user (Jupyter core, paths). */
export function jupyterDataFolder(
  environment: Record<string, string | undefined>,
  platform: NodeJS.Platform = process.platform,
): string {
  const { JUPYTER_DATA_DIR, XDG_DATA_HOME, APPDATA } = environment;
  if (JUPYTER_DATA_DIR) return resolve(JUPYTER_DATA_DIR);
  if (platform === "darwin") return join(homedir(), "Library", "Jupyter");
  if (platform === "win32") return join(APPDATA || join(homedir(), "AppData", "Roaming"), "jupyter");
  return join(XDG_DATA_HOME || join(homedir(), ".local", "share"), "jupyter");
}
