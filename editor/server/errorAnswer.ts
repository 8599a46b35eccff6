import { type ErrorCode, type ErrorReport, FlamingoError, reportOf } from "../../src/core/errors.ts";

const statuses: Partial<Record<ErrorCode, number>> = {
  NO_TOKEN: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  INTERNAL: 500,
  KERNEL_DIED: 500,
  RUN_FOLDER: 500,
  KERNEL_BUSY: 503,
  DISK_FULL: 507,
};

/** What a request that failed is answered with. What express itself found wrong with it has a status of its own. */
export function answerOf(error: unknown): { status: number; report: ErrorReport } {
  const status = (error as { status?: unknown } | null)?.status;
  if (typeof status === "number" && status >= 400 && status < 500) {
    const message = `the request cannot be read: ${(error as Error).message}`;
    return { status, report: new FlamingoError("USAGE", message).toJSON() };
  }
  const report = reportOf(error);
  return { status: statuses[report.code] ?? 400, report };
}
