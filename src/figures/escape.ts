/** Text as HTML and SVG show it. Everything that comes from data passes here: it may hold tags. */
export function escapeHtml(text: unknown): string {
  return String(text).replace(/[&<>"']/g, (sign) => entities[sign]!);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
