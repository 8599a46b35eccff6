import { printSeconds } from "./duration.ts";

/** `120 of 252 MB, 12 s left` */
export function arrived(bytes: number, total: number, milliseconds: number): string {
  const megabytes = (count: number) => (count / 1e6).toFixed(0);
  if (total === 0) return `${megabytes(bytes)} MB`;
  const left = bytes > 0 ? `, ${printSeconds(((total - bytes) * milliseconds) / bytes / 1000)} left` : "";
  return `${megabytes(Math.min(bytes, total))} of ${megabytes(total)} MB${left}`;
}
