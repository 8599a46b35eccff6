/** Forms that the page can show, the richest first. */
export const forms = [
  "text/html",
  "application/vnd.plotly.v1+json",
  "image/svg+xml",
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "text/markdown",
  "text/latex",
  "application/json",
  "text/plain",
] as const;

export type Form = (typeof forms)[number];

/**
 * The form of a bundle to show: the richest of which something is seen when no script may run. HTML comes first, since it
 * is what Jupyter shows; where its script would make it, it gives way to a plot or an image. Undefined if there is none
 * that the page knows.
 */
export function richestForm(data: Readonly<Record<string, unknown>>): Form | undefined {
  const there = forms.filter((form) => data[form] !== undefined && data[form] !== null);
  const needsScript = typeof data["text/html"] === "string" && /<script[\s>]/i.test(data["text/html"]);
  const hasPicture = there.some((form) => form.startsWith("image/") || form === "application/vnd.plotly.v1+json");
  return there.find((form) => !(form === "text/html" && needsScript && hasPicture));
}
