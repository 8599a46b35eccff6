import { FlamingoError } from "../core/errors.ts";

/**
 * Says of a failed reading or writing in a folder what a person needs: that the disk is full (DISK_FULL), or that the
 * folder cannot be used (RUN_FOLDER), and why. Errors that are ours already, or have no system code, pass unchanged.
 *
 * @param afterwards what to do when there is space again
 */
export function folderError(error: unknown, folder: string, afterwards = "resume the run"): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof FlamingoError || !code) return error;
  if (code === "ENOSPC" || code === "EDQUOT") {
    const fix = `free some space, then ${afterwards}`;
    return new FlamingoError("DISK_FULL", `the disk of ${folder} is full`, { source: folder, fix }, { cause: error });
  }
  const reason = reasons[code];
  if (!reason) return error;
  const fix = "choose another folder, or mend this one";
  const message = `the folder ${folder} cannot be used: ${reason}`;
  return new FlamingoError("RUN_FOLDER", message, { source: folder, fix }, { cause: error });
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "there is no permission to write there",
  EPERM: "the system does not permit it",
  EROFS: "the disk is read-only",
  ENOTDIR: "a part of its path is a file",
  EEXIST: "a file of that name is in the way",
  EISDIR: "a folder is where a file should be",
  ENOENT: "it is not there",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many files are open",
  EIO: "the disk gives errors",
};
