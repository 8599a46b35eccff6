/** A duration in seconds, as text: `8 s`, `2 min 05 s`, `1 h 04 min`. */
export function printSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${padded(whole % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${padded(minutes % 60)} min`;
}

function padded(count: number): string {
  return String(count).padStart(2, "0");
}
