import type { MimeBundle } from "../cell/mimeBundle.ts";

export interface FormatOptions {
  /** True for a picture that will soon be replaced by another: what is costly and not needed for looking on is left out. */
  light?: boolean;
}

/** Shows values of one kind. */
// biome-ignore lint/suspicious/noExplicitAny: `accepts` says which values `format` gets
export interface Formatter<Value = any> {
  /** Whether this formatter shows the value. Every value is asked about, so this must be quick and never throw. */
  accepts(value: unknown): boolean;
  format(value: Value, options: FormatOptions): MimeBundle | Promise<MimeBundle>;
}
