import { fileURLToPath } from "node:url";
import { FlamingoError } from "../core/errors.ts";
import { forkModule } from "../package/forkModule.ts";

/** What came of trying the device out. */
interface Tried {
  description: string;
  /** The largest difference from the reference, as a share of the largest number. */
  worst: number;
  agrees: boolean;
}

/**
 * Computes a layer and its gradients on `tensorflow` and on `cpu`, in a process of its own: a library that does not fit the
 * machine ends whoever loads it.
 *
 * @returns the device in words
 * @throws FlamingoError DEVICE_UNAVAILABLE if it does not work, or computes something else
 */
export async function tryTensorflow(): Promise<string> {
  const tried = await new Promise<Tried | string>((resolve) => {
    const module = fileURLToPath(new URL("./tryTensorflowProcess.ts", import.meta.url));
    const child = forkModule(module, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    let err = "";
    child.stderr?.on("data", (data) => {
      err += data;
    });
    child.once("message", (message: Tried) => resolve(message));
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(signal ? `it ended by ${signal}` : firstError(err, code)));
  });
  if (typeof tried === "string") throw broken(`does not work: ${tried}`);
  if (!tried.agrees)
    throw broken(
      `computes something else than the reference: a number is off by ${tried.worst.toPrecision(2)} of the largest`,
    );
  return tried.description;
}

function broken(what: string): FlamingoError {
  return new FlamingoError("DEVICE_UNAVAILABLE", `TensorFlow is installed and ${what}`, {
    fix: "call flamingo device tensorflow --install again, or use another device",
  });
}

function firstError(err: string, code: number | null): string {
  const line = err.split("\n").find((line) => /error|cannot|not there/i.test(line));
  return line?.trim() ?? `its process ended with ${code}`;
}
