/** Node's own account of which asynchronous work runs, in which its AsyncLocalStorage is kept up to Node 22. */
interface AsyncBinding {
  async_hook_fields: Uint32Array;
  clearAsyncIdStack(): void;
  constants: { kTotals: number; kCheck: number };
}

const binding = findBinding();

function findBinding(): AsyncBinding | undefined {
  const { noDeprecation } = process;
  try {
    process.noDeprecation = true; // `process.binding` would warn on the page
    return (process as unknown as { binding(name: string): AsyncBinding }).binding("async_wrap");
  } catch {
    return undefined; // from Node 24 on, where AsyncLocalStorage needs none of this
  } finally {
    if (noDeprecation !== undefined) process.noDeprecation = noDeprecation;
    else delete (process as { noDeprecation?: boolean }).noDeprecation;
  }
}

/**
 * Lets the process live on when code is terminated after an await. Such code leaves its entry in Node's stack of asynchronous
 * work, and where AsyncLocalStorage is in use, Node then ends the process as corrupted. Takes back both checks; to be called
 * before code runs that may be terminated, for hooks that are added bring them back.
 */
export function allowTermination(): void {
  if (!binding) return;
  const { async_hook_fields: fields, constants } = binding;
  fields[constants.kTotals] = 0;
  fields[constants.kCheck] = 0;
}

/** Takes away what terminated code left in Node's stack of asynchronous work. */
export function tidyAfterTermination(): void {
  binding?.clearAsyncIdStack();
}
