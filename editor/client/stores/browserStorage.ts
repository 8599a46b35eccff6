/** What of the browser's local storage the page uses. */
type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const kept = new Map<string, string>();
const memory: Shelf = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => void kept.set(key, value),
  removeItem: (key) => void kept.delete(key),
};

/** The browser's local storage. Where it is forbidden, the page's memory: what is kept lasts as long as the page is open. */
export const browserStorage: Shelf = {
  getItem: (key) => shelf().getItem(key),
  setItem: (key, value) => shelf().setItem(key, value),
  removeItem: (key) => shelf().removeItem(key),
};

function shelf(): Shelf {
  try {
    return localStorage;
  } catch {
    return memory;
  }
}
