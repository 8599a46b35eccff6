/** A message with its full stop, so that another sentence can follow. */
export function sentence(message: string): string {
  return /[.!?…]$/.test(message) ? message : `${message}.`;
}
