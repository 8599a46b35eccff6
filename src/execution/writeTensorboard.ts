import { readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import sharp from "sharp";
import type { AnyChannel, LogRecord } from "../channels/channel.ts";
import { channels } from "../channels/channels.ts";
import { histogramOf } from "../channels/histogram.ts";
import { makeFolder } from "../files/makeFolder.ts";
import { writeAtomic } from "../files/writeAtomic.ts";
import type { ChannelName } from "../runs/channelFigure.ts";
import { type EventValue, eventRecord, versionRecord } from "../runs/eventFile.ts";
import { checkpointFolder, pinnedFiles } from "../runs/folder.ts";
import { folderError } from "../runs/folderError.ts";
import { readRecords } from "../runs/reader.ts";
import { emptyRun, foldRecords, type RunState } from "../runs/state.ts";
import { loadCheckpoint } from "../training/checkpoint.ts";

/** What of a run was written for TensorBoard. */
export interface WrittenEvents {
  file: string;
  scalars: number;
  histograms: number;
  images: number;
  texts: number;
}

/**
 * Writes what was watched in a run as an event file of TensorBoard: every number of every step as scalars, captions as text, the
 * pinned images, the recorded histograms, and those of the weights of each checkpoint that is there. A file that was written before is replaced.
 * @throws FlamingoError RUN_FOLDER or DISK_FULL
 */
export async function writeTensorboard(run: string, folder: string): Promise<WrittenEvents> {
  const records = await readRecords(run);
  const state = foldRecords(emptyRun(), records);
  const events = new Map<number, EventValue[]>();
  const add = (step: number, value: EventValue) => events.set(step, [...(events.get(step) ?? []), value]);
  for (const { step, tag, value } of scalarsOf(state)) add(step, { tag, of: { scalar: value } });
  for (const { step, samples } of state.channels.samples)
    for (const { image, label, caption } of samples)
      add(step, { tag: `samples/${image} ${label}`, of: { text: caption } });
  for (const image of await pinnedImages(run)) add(0, image);
  for (const { step, ...value } of await weightHistograms(run)) add(step, value);
  for (const { of, name, taken } of state.channels.histograms)
    for (const { step, histogram } of taken) add(step, { tag: `histograms/${of}/${name}`, of: { histogram } });
  const times = timesOf(records);
  const first = (records[0]?.time ?? 0) / 1000;
  const parts = [...events]
    .sort(([a], [b]) => a - b)
    .map(([step, values]) => eventRecord(times.get(step) ?? first, step, values));
  const file = `events.out.tfevents.${Math.floor(first)}.${hostname()}`;
  try {
    await makeFolder(folder);
    const old = (await readdir(folder)).filter((name) => name.startsWith(`events.out.tfevents.${Math.floor(first)}.`));
    for (const name of old) await rm(join(folder, name));
    await writeAtomic(join(folder, file), Buffer.concat([versionRecord(first), ...parts]));
  } catch (error) {
    throw folderError(error, folder);
  }
  const count = (kind: string) => [...events.values()].flat().filter(({ of }) => kind in of).length;
  return {
    file: join(folder, file),
    scalars: count("scalar"),
    histograms: count("histogram"),
    images: count("png"),
    texts: count("text"),
  };
}

/** The numbers of tables that have a row a step: those of series, which have nothing but numbers. */
function scalarsOf(run: RunState): { step: number; tag: string; value: number }[] {
  return (channels as readonly AnyChannel[]).flatMap((channel) => {
    const { columns, rows } = channel.table(run.channels[channel.name as ChannelName]);
    const isSeries =
      columns[0] === "step" && rows.every((row) => row.every((cell) => cell === "" || typeof cell === "number"));
    if (!isSeries) return [];
    return rows.flatMap(([step, ...cells]) =>
      cells.flatMap((value, at) =>
        typeof value === "number" ? [{ step: step as number, tag: `${channel.name}/${columns[at + 1]}`, value }] : [],
      ),
    );
  });
}

/** When each step was recorded, in seconds since 1970. */
function timesOf(records: readonly LogRecord[]): Map<number, number> {
  return new Map(records.flatMap(({ step, time }) => (step === undefined ? [] : [[step, time / 1000] as const])));
}

async function pinnedImages(run: string): Promise<EventValue[]> {
  return Promise.all(
    (await pinnedFiles(run)).map(async (file) => {
      const bytes = await readFile(file);
      const { width, height } = await sharp(bytes).metadata();
      return { tag: `images/${basename(file, ".png")}`, of: { png: { width, height, bytes } } };
    }),
  );
}

/** How the weights of each checkpoint are spread, tensor by tensor. */
async function weightHistograms(run: string): Promise<(EventValue & { step: number })[]> {
  const folder = join(run, checkpointFolder);
  const files = (await readdir(folder).catch((): string[] => []))
    .filter((name) => name.endsWith(".safetensors"))
    .sort();
  const found: (EventValue & { step: number })[] = [];
  for (const file of files) {
    const { step, weights } = await loadCheckpoint(join(folder, file));
    for (const [name, { data }] of weights)
      found.push({ step, tag: `weights/${name}`, of: { histogram: histogramOf(data) } });
  }
  return found;
}
