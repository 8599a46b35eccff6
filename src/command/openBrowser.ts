import { spawn } from "node:child_process";

/** Opens an address in the person's browser, where there is a display; it is printed anyway. */
export function openBrowser(url: string): void {
  const [command, ...args] = opener(url);
  if (command === undefined) return;
  const child = spawn(command, args, { stdio: "ignore", detached: true });
  child.on("error", () => {}); // no such program: the address was printed
  child.unref();
}

function opener(url: string): string[] {
  if (process.platform === "darwin") return ["open", url];
  if (process.platform === "win32") return ["cmd", "/c", "start", '""', url];
  return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? ["xdg-open", url] : [];
}
