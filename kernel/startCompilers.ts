import { CompilerProcess } from "./interpreter/compilerProcess.ts";
import { findSnapshots } from "./types/snapshot.ts";

/** The compilers of a kernel. */
export interface Compilers {
  whole: CompilerProcess;
  /** For the first cells: it knows little, and so it is there first. */
  early: CompilerProcess | undefined;
}

/** Starts the compilers' processes, from their snapshots where there are such. */
export function startCompilers(): Compilers {
  const snapshots = findSnapshots();
  const early = snapshots && new CompilerProcess({ snapshot: snapshots.early, mostStarts: 1 });
  // One after the other: a client that starts a kernel waits for the first, and few machines have a processor for each.
  return { whole: new CompilerProcess({ snapshot: snapshots?.whole, after: early?.listens }), early };
}
