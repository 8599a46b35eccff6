import type { Sample } from "../runs/event.ts";

/** Whether a caption is the label, letter by letter but for case, spaces and a stop at its end. */
export function isRight({ label, caption }: Pick<Sample, "label" | "caption">): boolean {
  return plain(label) === plain(caption);
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[.\s]+$/, "")
    .replace(/\s+/g, " ")
    .trim();
}
