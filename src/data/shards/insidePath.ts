import { isAbsolute, join, relative, sep } from "node:path";

/** The path of a file that data names, inside the folder of its images; undefined for one that leads out of it. */
export function insidePath(folder: string, file: string): string | undefined {
  const path = isAbsolute(file) ? file : join(folder, file);
  const way = relative(folder, path);
  const leadsOut = way === "" || way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way) || file.includes("\0");
  return leadsOut ? undefined : path;
}
