import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { isFolderSync } from "../files/makeFolder.ts";

/** Where everything that the studio writes lives. */
export interface Home {
  folder: string;
  /** One folder a run. */
  runs: string;
  /** Runs that were deleted, until the trash is emptied. */
  trash: string;
  /** The user's own pipelines, one file each. */
  pipelines: string;
  /** Work on pipelines that was not saved yet, one file each. */
  drafts: string;
  /** Named versions of pipelines: a folder for each, with one file each. */
  versions: string;
  /** Weights that were imported, by name: a file each, which says where they are. */
  models: string;
  /** The user's own notebooks. */
  notebooks: string;
  /** What can be made again: rendered drawings, encoded data. */
  cache: string;
  /** Stacks of the studio's own faults, for whoever mends them. */
  errors: string;
}

/** Folders that the home folder is looked for from. */
interface Whereabouts {
  current: string;
  /** The user's home folder. */
  user: string;
  /** The root of the studio's own checkout. */
  checkout: string;
}

/**
 * The home folder: FLAMINGO_HOME where the environment names one; else `.flamingo` of the nearest folder that has one, from
 * the current one upwards; else, inside the studio's own checkout, of its root; else of the current folder. So a notebook in
 * the checkout's `notebooks/`, where Jupyter starts it, and a studio in its root write to the same place.
 */
export function findHome(
  environment: Record<string, string | undefined> = process.env,
  whereabouts: Partial<Whereabouts> = {},
): Home {
  return homeAt(environment.FLAMINGO_HOME ? resolve(environment.FLAMINGO_HOME) : nearestHome(whereabouts));
}

/** The home folder that is this one. */
export function homeAt(folder: string): Home {
  return {
    folder,
    runs: join(folder, "runs"),
    trash: join(folder, "trash"),
    pipelines: join(folder, "pipelines"),
    drafts: join(folder, "drafts"),
    versions: join(folder, "versions"),
    models: join(folder, "models"),
    notebooks: join(folder, "notebooks"),
    cache: join(folder, "cache"),
    errors: join(folder, "errors"),
  };
}

const name = ".flamingo";

function nearestHome({
  current = process.cwd(),
  user = homedir(),
  checkout = fileURLToPath(new URL("../..", import.meta.url)),
}: Partial<Whereabouts>): string {
  const [start, userFolder, root] = [current, user, checkout].map(realFolder) as [string, string, string];
  const found = upwardsFrom(start).find(
    // Nearly everything lies below the user's home folder: one run there must not draw all others to it.
    (folder) => isFolderSync(join(folder, name)) && (folder !== userFolder || folder === start),
  );
  if (found !== undefined) return join(found, name);
  return join(`${start}${sep}`.startsWith(`${root}${sep}`) ? root : start, name);
}

/** Without links, which would give one folder two paths. */
function realFolder(folder: string): string {
  return existsSync(folder) ? realpathSync(folder) : resolve(folder);
}

function upwardsFrom(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...upwardsFrom(above)];
}
