/** Parts of addresses as people write them, which need not follow the rules of addresses. */

/** The text behind `%20` and the like; the text itself where it is not written so, such as `50%`. */
export function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The path, as part of an address, of the file that a relative link in a notebook leads to; undefined for other links. */
export function fileAt(target: string, notebook: string): string | undefined {
  if (target === "" || /^[a-z][a-z0-9+.-]*:|^[/\\]/i.test(target)) return undefined;
  try {
    const base = new URL(notebook.split("/").map(encodePart).join("/"), "http://notebooks/");
    return new URL(target, base).pathname.slice(1);
  } catch {
    return undefined;
  }
}

/** A text as part of an address. Half of a surrogate pair, which no address can hold, becomes the replacement character. */
export function encodePart(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, "\ufffd"));
}
