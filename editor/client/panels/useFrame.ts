import { useEffect, useRef, useState } from "react";
import { type AttentionFrame, readFrame } from "../../../src/channels/attention.ts";
import { getJson } from "../stores/request.ts";
import { runFile } from "../stores/run.ts";

/** Frames that were read, the newest at the end: moving the slider back costs no request. */
const kept = new Map<string, AttentionFrame>();
const most = 64;

interface Wanted {
  run: string;
  file: string;
}

/**
 * Reads an attention frame of a run. The one before stays until the next is there, so that nothing flickers. One is read at a time: of
 * those that are asked for meanwhile only the newest is read, so a slow connection shows fewer frames, and never none.
 */
export function useFrame(run: string | undefined, file: string | undefined): AttentionFrame | undefined {
  const [shown, setShown] = useState<{ run: string; frame: AttentionFrame }>();
  const wanted = useRef<Wanted>(undefined);
  const reading = useRef(false);
  useEffect(() => {
    wanted.current = run === undefined || file === undefined ? undefined : { run, file };
    if (!reading.current) void readWanted();

    async function readWanted(): Promise<void> {
      reading.current = true;
      let read: Wanted | undefined;
      while (wanted.current && wanted.current !== read) {
        read = wanted.current;
        const frame = await loadFrame(runFile(read.run, read.file)).catch(() => undefined); // the next one is tried when it comes
        if (frame && wanted.current) setShown({ run: read.run, frame });
      }
      reading.current = false;
    }
  }, [run, file]);
  useEffect(
    () => () => {
      wanted.current = undefined;
    },
    [],
  );
  return shown && shown.run === run ? shown.frame : undefined;
}

async function loadFrame(path: string): Promise<AttentionFrame> {
  const known = kept.get(path);
  if (known) return known;
  const frame = readFrame(await getJson<unknown>(path));
  kept.set(path, frame);
  for (const oldest of kept.keys()) {
    if (kept.size <= most) break;
    kept.delete(oldest);
  }
  return frame;
}
