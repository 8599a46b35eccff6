import type { MimeBundle } from "../cell/mimeBundle.ts";

export interface FormatOptions {
  /** True for an update that the next one soon replaces: costly details are left out. */
  light?: boolean;
}

/** Shows values of one kind. */
// biome-ignore lint/suspicious/noExplicitAny: `accepts` says which values `format` gets
export interface Formatter<Value = any> {
  /** Whether this formatter shows the value. Every value is asked about, so this must be quick and never throw. */
  accepts(value: unknown): boolean;
  format(value: Value, options: FormatOptions): MimeBundle | Promise<MimeBundle>;
}
