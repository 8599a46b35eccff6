/** `120 of 252 MB, 12 s left` */
export function arrived(bytes: number, total: number, milliseconds: number): string {
  const megabytes = (count: number) => (count / 1e6).toFixed(0);
  if (total === 0) return `${megabytes(bytes)} MB`;
  const left = bytes > 0 ? `, ${printSeconds(((total - bytes) * milliseconds) / bytes / 1000)} left` : "";
  return `${megabytes(Math.min(bytes, total))} of ${megabytes(total)} MB${left}`;
}

/** `2 min 14 s` */
export function printSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
