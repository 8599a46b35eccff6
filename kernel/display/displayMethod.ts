/**
 * The method by which a value says itself how it is shown, as in Deno: it returns MIME type → content, or a promise of it.
 */
export const displayMethod: unique symbol = Symbol.for("Jupyter.display");
