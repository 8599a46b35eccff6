/** Brings a file of version v to version v + 1, at index v. There is one version so far. */
export const migrations: Readonly<Record<number, (pipeline: unknown) => unknown>> = {};
