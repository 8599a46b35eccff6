/** Stands for a module whose declarations are not to be had. */
// biome-ignore lint/suspicious/noExplicitAny: nothing is known of it
declare const untyped: any;
export = untyped;
