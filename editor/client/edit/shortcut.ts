/** What of a key press matters here. */
export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

/** True if a key press is the shortcut: `Mod+Shift+Z`, `Delete`, `/`. Mod is Ctrl, or Command on a Mac. */
export function matches(shortcut: string, press: KeyPress): boolean {
  const parts = shortcut.split("+");
  const key = parts.pop()!.toLowerCase();
  const mod = press.ctrlKey || press.metaKey;
  if (mod !== parts.includes("Mod") || press.altKey !== parts.includes("Alt")) return false;
  // A sign such as "?" needs Shift on some keyboards and not on others.
  const isSign = key.length === 1 && !/[a-z0-9]/.test(key);
  if (!isSign && press.shiftKey !== parts.includes("Shift")) return false;
  return press.key.toLowerCase() === key;
}

/** As a person reads it: `Ctrl+Shift+Z`, or `⌘⇧Z` on a Mac. */
export function printShortcut(shortcut: string, mac: boolean): string {
  const keys = shortcut.replace("Backspace", "⌫").replace("ArrowUp", "↑").replace("ArrowDown", "↓");
  if (!mac) return keys.replace("Mod", "Ctrl");
  return keys.replace("Mod+", "⌘").replace("Shift+", "⇧").replace("Alt+", "⌥");
}
