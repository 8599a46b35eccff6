import { FlamingoError } from "../../core/errors.ts";
import { isObject } from "../../core/json.ts";
import { imageEndings } from "../imageFolder/imageFolder.ts";
import type { Pair } from "../pairs/pair.ts";
import { BadSample, type BadSamples } from "../shards/badSamples.ts";
import { ShardIndex, type SplitShard, type StoredSample } from "../shards/shard.ts";
import { ShardFile } from "../shards/shardFile.ts";
import { type TarDamage, type TarEntry, tarEntries } from "./tar.ts";

/** Files next to each other in an archive whose paths are the same up to the first dot of the file's name. */
interface Group {
  key: string;
  /** By ending, in small letters. */
  files: Map<string, TarEntry>;
  /** What is wrong with it, if anything is. */
  fault?: string;
}

const captionEndings = ["txt", "caption", "json"];
const images = imageEndings.map((ending) => ending.slice(1));

/**
 * Finds the samples of a WebDataset shard by the archive's headers. Samples without an image or a caption are bad, and so is what the
 * archive ends in.
 *
 * @param heldOut share of samples to hold out, by their keys
 * @throws FlamingoError NOT_FOUND or INVALID_DATA for a file that is no tar archive; INVALID_DATA for too many bad samples
 * @see WebDataset, the file format (files of one sample stand next to each other, and share the path up to the first dot)
 */
export function indexWebDataset(path: string, heldOut: number, bad: BadSamples): SplitShard {
  return ShardFile.use(path, (file) => {
    refuseCompressed(path, file.read(0, 2));
    const index = new ShardIndex(heldOut);
    let number = 0;
    const note = (group: Group) => {
      const fault = faultOf(group);
      const all = [...group.files.values()];
      if (fault) bad.add({ name: `${group.key} of ${path}`, reason: fault });
      else index.add(group.key, all[0]!.start, all.at(-1)!.to, number++);
    };
    const damage = eachGroup(
      tarEntries((from, to) => file.read(from, to), file.size),
      note,
    );
    if (damage) bad.add({ name: `the end of ${path}`, reason: damage.reason });
    return index.split(path);
  });
}

/** Reads a sample of a shard. @throws BadSample */
export function readWebDataset({ bytes, file }: StoredSample): Pair {
  let pair: Pair | undefined;
  const damage = eachGroup(
    tarEntries((from, to) => bytes.subarray(from, to), bytes.length),
    ({ key, files }) => {
      const name = `${key} of ${file}`;
      const content = (endings: readonly string[]) => {
        const ending = endings.find((each) => files.has(each));
        const entry = files.get(ending ?? "");
        if (!entry || ending === undefined) throw new BadSample(name, "the file has changed since it was opened");
        return { ending, bytes: bytes.subarray(entry.from, entry.to) };
      };
      pair = { name, image: content(images).bytes, captions: captionsOf(name, content(captionEndings)) };
    },
  );
  if (pair && !damage) return pair;
  throw new BadSample(`a sample of ${file}`, "the file has changed since it was opened");
}

function captionsOf(name: string, { ending, bytes }: { ending: string; bytes: Uint8Array }): string[] {
  const text = Buffer.from(bytes).toString("utf8");
  const captions = ending === "json" ? captionsOfJson(name, text) : [text];
  const filled = captions.map((caption) => caption.trim()).filter((caption) => caption !== "");
  if (filled.length === 0) throw new BadSample(name, "its caption is empty");
  return filled;
}

/** The field `caption` of a JSON file, as img2dataset writes it, or `text`: a text or a list of texts. */
function captionsOfJson(name: string, text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadSample(name, "its .json file is no JSON");
  }
  const found = typeof value === "string" ? value : isObject(value) ? (value.caption ?? value.text) : undefined;
  const captions = Array.isArray(found) ? found : [found];
  if (captions.length > 0 && captions.every((caption) => typeof caption === "string")) return captions;
  throw new BadSample(name, 'its .json file has no text under "caption" or "text"');
}

/** Calls back for each group of files. Returns what is wrong behind the last one. */
function eachGroup(
  entries: Generator<TarEntry, TarDamage | undefined>,
  note: (group: Group) => void,
): TarDamage | undefined {
  let group: Group | undefined;
  for (;;) {
    const { done, value } = entries.next();
    if (done) {
      const cut = value?.name === undefined ? undefined : partsOf(value.name);
      const isCut = value && group && (cut?.key === group.key || faultOf(group) !== undefined);
      if (group && !isCut) note(group);
      return value;
    }
    const parts = partsOf(value.name);
    if (!parts) continue;
    if (group && group.key !== parts.key) note(group);
    if (!group || group.key !== parts.key) group = { key: parts.key, files: new Map() };
    if (group.files.has(parts.ending)) group.fault = `it has two .${parts.ending} files`;
    group.files.set(parts.ending, value);
  }
}

function faultOf({ files, fault }: Group): string | undefined {
  if (fault) return fault;
  if (!images.some((ending) => files.has(ending))) return "it has no image";
  if (!captionEndings.some((ending) => files.has(ending))) return "it has no caption";
  return undefined;
}

/** The key and the ending of a path: it is split at the first dot of the file's name. Undefined for what is no part of a sample. */
function partsOf(path: string): { key: string; ending: string } | undefined {
  const [, key, ending] = /^((?:.*\/)?[^./][^./]*)\.([^/]*)$/s.exec(path) ?? [];
  if (key === undefined || ending === undefined || (key.startsWith("__") && key.endsWith("__"))) return undefined;
  return { key, ending: ending.toLowerCase() };
}

function refuseCompressed(path: string, [first, second]: Uint8Array): void {
  if (first !== 0x1f || second !== 0x8b) return;
  throw new FlamingoError("INVALID_DATA", `${path} is compressed with gzip, and cannot be read from its middle`, {
    source: path,
    fix: `unpack it: gunzip ${path}`,
  });
}
