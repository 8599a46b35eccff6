/**
 * Every error a user can meet, by its stable code. The table is the one place that names them, so that the editor,
 * the command line and the documentation list the same ones.
 */
export const errorCodes = {
  SHAPE_MISMATCH: "The two ends of an edge, or a value and its port, have different sizes.",
  DTYPE_MISMATCH: "A value has another number type than its port.",
  UNKNOWN_BLOCK: "A pipeline names a block that this version does not have.",
  UNKNOWN_PORT: "An edge ends at a port that the block does not have.",
  MISSING_INPUT: "A required input is not connected.",
  PORT_OCCUPIED: "An input port has an edge already.",
  DUPLICATE_EDGE: "The same edge exists already.",
  SELF_CONNECTION: "A block is connected to itself.",
  CYCLE: "The edges form a cycle.",
  SLOT_MISMATCH: "A slot holds a block whose ports do not fit.",
  RECURSIVE_BLOCK: "A block of a pipeline contains itself.",
  INVALID_CONFIG: "A block's configuration breaks its own rules.",
  INVALID_PIPELINE: "The file is no pipeline.",
  NEWER_PIPELINE: "The pipeline was written by a newer version.",
  NO_ACTION: "The pipeline has nothing to run.",
  NOT_INCREMENTAL: "A block cannot continue a text chunk by chunk; it needs the whole text each time.",
  MEDIA_COUNT: "The number of <image> tokens in a text differs from the number of images.",
  INVALID_WEIGHTS: "A weights file does not fit, or cannot be read.",
  INVALID_DATA: "A data set cannot be used.",
  NO_IMAGES: "A folder holds no images.",
  MISSING_COLUMN: "A caption file lacks a column.",
  CORRUPT_IMAGE: "An image cannot be decoded.",
  DEVICE_UNAVAILABLE: "The device that was asked for is not there.",
  RUN_FOLDER: "The run folder cannot be written or read.",
  DISK_FULL: "The disk is full.",
  OUT_OF_MEMORY: "The device has no memory left.",
  NON_FINITE: "A number stopped being finite.",
  NOT_FOUND: "What was asked for does not exist.",
  CONFLICT: "What was asked for does not fit what is there by now.",
  NO_TOKEN: "A request came without the studio's token.",
  FORBIDDEN: "A request came from somewhere that may not ask.",
  PORT_IN_USE: "The network port is taken.",
  PROCESS_DIED: "A run's process ended without saying why.",
  CELL_FAILED: "A cell of a notebook failed.",
  INVALID_NOTEBOOK: "The file is no notebook.",
  KERNEL_BUSY: "No more kernels may run.",
  KERNEL_CONNECTION: "The kernel cannot be reached at the address that it was given.",
  KERNEL_DIED: "A kernel's process ended, or never answered.",
  KERNEL_MESSAGE: "A message to the kernel, or from it, breaks the protocol.",
  KERNEL_NO_STDIN: "The front end cannot ask the person for a line.",
  KERNELSPEC_FOLDER: "The folder of Jupyter's kernels cannot be written.",
  USAGE: "The command was called in a way it does not know.",
  INTERNAL: "A fault of the studio itself.",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** What an error carries besides its sentence: enough to point at the place and to say how to mend it. */
export interface ErrorDetails {
  /** Name of the block, or id of the node, where it happened. */
  block?: string;
  port?: string;
  /** The field of the block's configuration that is at fault, through slots: `languageModel.dim`. */
  field?: string;
  /** File, run or other thing outside the pipeline that it is about. */
  source?: string;
  expected?: unknown;
  actual?: unknown;
  /** How to mend it, as one sentence. */
  fix?: string;
}

/** The plain-data form of an error, as it travels in logs and over sockets. */
export interface ErrorReport extends ErrorDetails {
  code: ErrorCode;
  message: string;
}

/**
 * An error made for a person: one sentence with what was found, what was expected and where the number came from,
 * and a fix.
 *
 * @example
 * throw new FlamingoError("NO_IMAGES", `no images in ${folder}`, { fix: "put .png, .jpg or .webp files there" });
 */
export class FlamingoError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = "FlamingoError";
    this.code = code;
    this.details = details;
  }

  /** The sentence and its fix, as the command line prints them: `SHAPE_MISMATCH: sentence. Fix: fix`. */
  override toString(): string {
    return `${this.code}: ${withFix(this.message, this.details.fix)}`;
  }

  toJSON(): ErrorReport {
    return { code: this.code, message: this.message, ...this.details };
  }
}

/** An error's sentence and its fix: `what was found. Fix: how to mend it`. */
export function withFix(message: string, fix: string | undefined): string {
  return fix ? `${sentence(message)} Fix: ${fix}` : message;
}

/** A message with its full stop, so that another sentence can follow. */
export function sentence(message: string): string {
  const text = message.trimEnd();
  return /[.?!…]$/.test(text) ? text : `${text}.`;
}

/**
 * Turns whatever was thrown into a report a person can read. Errors that are not ours become `INTERNAL`, keep their
 * message and lose their stack; a full disk and an unwritable folder are recognised by the system's codes.
 */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof FlamingoError) return error.toJSON();
  const system = error as NodeJS.ErrnoException;
  const message = error instanceof Error ? error.message : String(error);
  if (system?.code === "ENOSPC")
    return { code: "DISK_FULL", message: `the disk is full: ${message}`, fix: "free some space, then resume the run" };
  if (system?.code === "EACCES" || system?.code === "EPERM" || system?.code === "EROFS" || system?.code === "ENOTDIR")
    return {
      code: "RUN_FOLDER",
      message: `the folder cannot be written: ${message}`,
      fix: "choose another folder, or change its permissions",
    };
  if (error instanceof RangeError && tooLarge.test(message))
    return {
      code: "OUT_OF_MEMORY",
      message: `something is larger than this machine can hold: ${message}`,
      fix: "make the sizes in the configuration smaller",
    };
  return { code: "INTERNAL", message };
}

/** What JavaScript says of a list, an array of numbers or a text that is larger than it can make. */
const tooLarge =
  /invalid (typed )?array length|array buffer allocation failed|invalid (typed )?array buffer length|invalid string length|invalid array buffer/i;
