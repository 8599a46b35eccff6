import { Session } from "node:inspector";

/**
 * Ends what JavaScript the main thread runs at this moment, however deep in a loop, from another thread. No `catch` and no
 * `finally` runs there; all else stays as it is. Resolves when it has ended.
 */
export async function terminateMainThread(): Promise<void> {
  const session = new Session();
  session.connectToMainThread();
  await new Promise<void>((resolve) => session.post("Runtime.terminateExecution", () => resolve()));
  session.disconnect();
}
