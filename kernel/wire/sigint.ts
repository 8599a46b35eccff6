/** What Node keeps to itself: signals as any thread's event loop can hear them. */
interface SignalBinding {
  Signal: new () => { start(signal: number): number; onsignal: () => void };
}

/**
 * Hears SIGINT in this thread, so also while the main thread is in an endless loop. Node's public way tells only the main
 * thread; this one is there up to Node 22.
 * @returns whether it is heard
 */
export function hearSigint(onSigint: () => void): boolean {
  const { noDeprecation } = process;
  try {
    process.noDeprecation = true; // `process.binding` would warn on the page
    const binding = (process as unknown as { binding(name: string): SignalBinding }).binding("signal_wrap");
    const signal = new binding.Signal();
    signal.onsignal = onSigint;
    return signal.start(2) === 0;
  } catch {
    return false;
  } finally {
    if (noDeprecation !== undefined) process.noDeprecation = noDeprecation;
    else delete (process as { noDeprecation?: boolean }).noDeprecation;
  }
}
