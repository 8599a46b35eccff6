/** Forms that the page can show, the richest first. */
export const forms = [
  "application/vnd.plotly.v1+json",
  "text/html",
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
 * The form of a bundle to show: the richest of which something is seen when no script may run. HTML that is made by its
 * script gives way to a picture. Undefined if there is none that the page knows.
 */
export function richestForm(data: Readonly<Record<string, unknown>>): Form | undefined {
  const there = forms.filter((form) => data[form] !== undefined && data[form] !== null);
  const needsScript = typeof data["text/html"] === "string" && /<script[\s>]/i.test(data["text/html"]);
  const hasPicture = there.some((form) => form.startsWith("image/"));
  return there.find((form) => !(form === "text/html" && needsScript && hasPicture));
}
