import { FlamingoError, reportOf } from "../../../src/core/errors.ts";
import type { Formatter } from "../formatter.ts";
import { box, escapeHtml, inks, note } from "../html.ts";
import { plainText } from "../plainText.ts";

/** An error as a value: its sentence and how to mend it for one of ours, name, message and stack for another. */
export const errorFormatter: Formatter<Error> = {
  accepts: (value) => value instanceof Error || Object.prototype.toString.call(value) === "[object Error]",
  format: (error) => {
    if (!(error instanceof FlamingoError)) {
      const head = `<b style="color: ${inks.bad}">${escapeHtml(error.name)}</b>: ${escapeHtml(error.message)}`;
      return { data: { "text/html": box(head), "text/plain": plainText(error) } };
    }
    const { code, message, fix } = reportOf(error);
    const html = `<b style="color: ${inks.bad}">${code}</b> ${escapeHtml(message)}${fix ? note(`Fix: ${escapeHtml(fix)}`) : ""}`;
    return { data: { "text/html": box(html), "text/plain": error.toString() } };
  },
};
