import { join, resolve } from "node:path";

/** Where everything that the studio writes lives. */
export interface Home {
  folder: string;
  /** One folder a run. */
  runs: string;
  /** The user's own pipelines, one file each. */
  pipelines: string;
  /** The user's own notebooks. */
  notebooks: string;
  /** What can be made again: rendered drawings, encoded data. */
  cache: string;
  /** Stacks of the studio's own faults, for whoever mends them. */
  errors: string;
}

/** The home folder: FLAMINGO_HOME where the environment names one, else `.flamingo` in the current folder. */
export function findHome(environment: Record<string, string | undefined> = process.env): Home {
  const folder = resolve(environment.FLAMINGO_HOME || ".flamingo");
  return {
    folder,
    runs: join(folder, "runs"),
    pipelines: join(folder, "pipelines"),
    notebooks: join(folder, "notebooks"),
    cache: join(folder, "cache"),
    errors: join(folder, "errors"),
  };
}
